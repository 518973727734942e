//! Issues in Jira.

use async_trait::async_trait;
use rmcp::model::{JsonObject, Tool as Definition};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::super::{CallContext, Tool, ToolError, argument, schema};
use super::{action, required, segment};

const PROVIDERS: [&str; 1] = ["jira"];

/// Searches Jira, or reads one issue.
pub struct QueryJira;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Arguments {
    /// search or `get_issue`.
    #[serde(deserialize_with = "argument::text")]
    #[schemars(with = "String", required, extend("enum" = ["search", "get_issue"]))]
    action: Option<String>,
    /// For search: a JQL query.
    #[serde(deserialize_with = "argument::text")]
    jql: Option<String>,
    /// For `get_issue`: such as OPS-12.
    #[serde(deserialize_with = "argument::text")]
    issue_key: Option<String>,
    /// For search: how many, 1 to 100. Default 25.
    #[serde(deserialize_with = "argument::integer")]
    max_results: Option<i64>,
}

#[async_trait]
impl Tool for QueryJira {
    fn definition(&self) -> Definition {
        schema::reads_outside::<Arguments>(
            "query_jira",
            "Query Jira",
            "Search Jira by JQL, or read one issue by its key. Use it for tickets about an incident. To create or change \
             issues use call_tool.",
            schema::members(&[]),
        )
    }

    fn connectors(&self) -> &'static [&'static str] {
        &PROVIDERS
    }

    async fn call(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        let arguments: Arguments = argument::read(arguments)?;
        if action(arguments.action.as_deref(), &["search", "get_issue"])? == "get_issue" {
            let key = segment("issue_key", arguments.issue_key.as_deref())?;
            required(&PROVIDERS, context).await?;
            return Ok(context.aurora.jira_issue(&key).await?);
        }
        let jql = arguments
            .jql
            .ok_or_else(|| ToolError::Argument("jql is missing: search needs a JQL query".to_owned()))?;
        required(&PROVIDERS, context).await?;
        Ok(context.aurora.jira_search(&jql, argument::clamped(arguments.max_results, 25, 1, 100)).await?)
    }
}
