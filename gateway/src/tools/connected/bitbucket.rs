//! Repositories in Bitbucket.

use async_trait::async_trait;
use rmcp::model::{JsonObject, Tool as Definition};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::super::{CallContext, Tool, ToolError, argument, schema};
use super::{action, required, segment};

const PROVIDERS: [&str; 1] = ["bitbucket"];
const ACTIONS: [&str; 4] = ["list_workspaces", "list_repos", "list_branches", "list_prs"];

/// Lists what Bitbucket has.
pub struct QueryBitbucket;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Arguments {
    /// `list_workspaces`, `list_repos`, `list_branches` or `list_prs`.
    #[serde(deserialize_with = "argument::text")]
    #[schemars(with = "String", required, extend("enum" = ["list_workspaces", "list_repos", "list_branches", "list_prs"]))]
    action: Option<String>,
    /// For all but `list_workspaces`.
    #[serde(deserialize_with = "argument::text")]
    workspace: Option<String>,
    /// For `list_branches` and `list_prs`.
    #[serde(deserialize_with = "argument::text")]
    repo_slug: Option<String>,
}

#[async_trait]
impl Tool for QueryBitbucket {
    fn definition(&self) -> Definition {
        schema::reads_outside::<Arguments>(
            "query_bitbucket",
            "Query Bitbucket",
            "List workspaces, repositories, branches or pull requests of the connected Bitbucket. Use it to find what \
             changed before an incident.",
            schema::members(&[]),
        )
    }

    fn connectors(&self) -> &'static [&'static str] {
        &PROVIDERS
    }

    async fn call(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        let arguments: Arguments = argument::read(arguments)?;
        let workspace = || segment("workspace", arguments.workspace.as_deref());
        let repository = || segment("repo_slug", arguments.repo_slug.as_deref());
        let (list, below) = match action(arguments.action.as_deref(), &ACTIONS)? {
            "list_repos" => ("repos", vec![workspace()?]),
            "list_branches" => ("branches", vec![workspace()?, repository()?]),
            "list_prs" => ("pull-requests", vec![workspace()?, repository()?]),
            _ => ("workspaces", vec![]),
        };
        required(&PROVIDERS, context).await?;
        Ok(context.aurora.bitbucket(list, &below.iter().collect::<Vec<_>>()).await?)
    }
}
