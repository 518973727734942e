//! Databases in Notion.

use async_trait::async_trait;
use rmcp::model::{JsonObject, Tool as Definition};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::super::{CallContext, Tool, ToolError, argument, schema};
use super::{action, required, segment};

const PROVIDERS: [&str; 1] = ["notion"];

/// Lists Notion's databases, or reads one.
pub struct QueryNotion;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Arguments {
    /// `list_databases` or `get_database`.
    #[serde(deserialize_with = "argument::text")]
    #[schemars(with = "String", required, extend("enum" = ["list_databases", "get_database"]))]
    action: Option<String>,
    /// For `get_database`: its id, from `list_databases`.
    #[serde(deserialize_with = "argument::text")]
    db_id: Option<String>,
}

#[async_trait]
impl Tool for QueryNotion {
    fn definition(&self) -> Definition {
        schema::reads_outside::<Arguments>(
            "query_notion",
            "Query Notion",
            "List the databases of the connected Notion workspace, or read one.",
            schema::members(&[]),
        )
    }

    fn connectors(&self) -> &'static [&'static str] {
        &PROVIDERS
    }

    async fn call(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        let arguments: Arguments = argument::read(arguments)?;
        if action(arguments.action.as_deref(), &["list_databases", "get_database"])? == "list_databases" {
            required(&PROVIDERS, context).await?;
            return Ok(context.aurora.notion_databases().await?);
        }
        let id = segment("db_id", arguments.db_id.as_deref())?;
        required(&PROVIDERS, context).await?;
        Ok(context.aurora.notion_database(&id).await?)
    }
}
