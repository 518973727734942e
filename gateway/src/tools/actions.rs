//! Actions: what Aurora's agents do by themselves, on a schedule or after an incident.

use async_trait::async_trait;
use rmcp::model::{JsonObject, Tool as Definition};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{CallContext, Tool, ToolError, argument, schema};
use crate::aurora::ActionId;

/// All actions.
pub struct ListActions;

#[derive(JsonSchema)]
struct NoArguments {}

#[async_trait]
impl Tool for ListActions {
    fn definition(&self) -> Definition {
        schema::reads::<NoArguments>(
            "list_actions",
            "List actions",
            "The organisation's actions (instructions that Aurora's agents carry out by themselves) with trigger, mode \
             and last run.",
            schema::members(&[("actions", "array")]),
        )
    }

    async fn call(&self, _: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        Ok(context.aurora.actions().await?)
    }
}

/// One action.
pub struct GetAction;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct GetArguments {
    /// The action's UUID, from `list_actions`.
    #[serde(deserialize_with = "argument::text")]
    #[schemars(with = "String", required)]
    action_id: Option<String>,
}

#[async_trait]
impl Tool for GetAction {
    fn definition(&self) -> Definition {
        schema::reads::<GetArguments>(
            "get_action",
            "Get an action",
            "One action with its instructions.",
            schema::members(&[]),
        )
    }

    async fn call(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        let arguments: GetArguments = argument::read(arguments)?;
        Ok(context.aurora.action(arguments.action_id.unwrap_or_default().parse()?).await?)
    }

    fn target(&self, arguments: &JsonObject) -> Option<String> {
        target(arguments)
    }
}

/// The runs of one action.
pub struct ListActionRuns;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct RunsArguments {
    /// The action's UUID, from `list_actions`.
    #[serde(deserialize_with = "argument::text")]
    #[schemars(with = "String", required)]
    action_id: Option<String>,
    /// How many, 1 to 200. Default 50.
    #[serde(deserialize_with = "argument::integer")]
    limit: Option<i64>,
    /// How many to skip. Default 0.
    #[serde(deserialize_with = "argument::integer")]
    offset: Option<i64>,
}

#[async_trait]
impl Tool for ListActionRuns {
    fn definition(&self) -> Definition {
        schema::reads::<RunsArguments>(
            "list_action_runs",
            "List runs of an action",
            "When an action ran, for which incident, and how it ended; newest first.",
            schema::members(&[("runs", "array")]),
        )
    }

    async fn call(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        let arguments: RunsArguments = argument::read(arguments)?;
        let id = arguments.action_id.unwrap_or_default().parse()?;
        let limit = argument::clamped(arguments.limit, 50, 1, 200);
        let offset = argument::clamped(arguments.offset, 0, 0, 1_000_000);
        Ok(context.aurora.action_runs(id, limit, offset).await?)
    }

    fn target(&self, arguments: &JsonObject) -> Option<String> {
        target(arguments)
    }
}

fn target(arguments: &JsonObject) -> Option<String> {
    arguments.get("action_id")?.as_str()?.parse::<ActionId>().ok().map(|id| id.to_string())
}
