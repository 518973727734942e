//! Metrics of a connected system.

use async_trait::async_trait;
use rmcp::model::{JsonObject, Tool as Definition};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::super::{CallContext, Tool, ToolError, argument, schema};
use super::{query, required, span};

const PROVIDERS: [&str; 1] = ["datadog"];

/// Queries metrics.
pub struct QueryMetrics;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Arguments {
    /// A Datadog metric query, for example `avg:system.cpu.user`{service:checkout}.
    #[serde(deserialize_with = "argument::text")]
    #[schemars(with = "String", required)]
    query: Option<String>,
    /// How far back, 1 to 1440. Default 60.
    #[serde(deserialize_with = "argument::integer")]
    time_range_minutes: Option<i64>,
}

#[async_trait]
impl Tool for QueryMetrics {
    fn definition(&self) -> Definition {
        schema::reads_outside::<Arguments>(
            "query_metrics",
            "Query metrics",
            "Points of a metric in Datadog over the last minutes. Use it to see when something changed.",
            schema::members(&[]),
        )
    }

    fn connectors(&self) -> &'static [&'static str] {
        &PROVIDERS
    }

    async fn call(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        let arguments: Arguments = argument::read(arguments)?;
        let query = query(arguments.query)?;
        required(&PROVIDERS, context).await?;
        Ok(context.aurora.datadog_metrics(&query, span(arguments.time_range_minutes, context)).await?)
    }
}
