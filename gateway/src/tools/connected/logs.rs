//! Log lines of a connected system.

use async_trait::async_trait;
use rmcp::model::{JsonObject, Tool as Definition};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::super::{CallContext, Tool, ToolError, argument, schema};
use super::{query, source, span};

const PROVIDERS: [&str; 2] = ["datadog", "splunk"];

/// Searches logs.
pub struct QueryLogs;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Arguments {
    /// The search, in the provider's own query language.
    #[serde(deserialize_with = "argument::text")]
    #[schemars(with = "String", required)]
    query: Option<String>,
    /// datadog or splunk. Default: the one that is connected.
    #[serde(deserialize_with = "argument::text")]
    source: Option<String>,
    /// How far back, 1 to 1440. Default 60.
    #[serde(deserialize_with = "argument::integer")]
    time_range_minutes: Option<i64>,
    /// How many lines, 1 to 500. Default 50.
    #[serde(deserialize_with = "argument::integer")]
    limit: Option<i64>,
}

#[async_trait]
impl Tool for QueryLogs {
    fn definition(&self) -> Definition {
        schema::reads_outside::<Arguments>(
            "query_logs",
            "Search logs",
            "Search recent logs in Datadog or Splunk. Use it to check a suspicion about a service, with a narrow query.",
            schema::members(&[]),
        )
    }

    fn connectors(&self) -> &'static [&'static str] {
        &PROVIDERS
    }

    async fn call(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        let arguments: Arguments = argument::read(arguments)?;
        let query = query(arguments.query)?;
        let span = span(arguments.time_range_minutes, context);
        let limit = argument::clamped(arguments.limit, 50, 1, 500);
        match source(arguments.source.as_deref(), &PROVIDERS, context).await? {
            "splunk" => Ok(context.aurora.splunk_logs(&query, span, limit).await?),
            _ => Ok(context.aurora.datadog_logs(&query, span, limit).await?),
        }
    }
}
