//! Alerts of a connected system.

use async_trait::async_trait;
use rmcp::model::{JsonObject, Tool as Definition};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::super::{CallContext, Tool, ToolError, argument, schema};
use super::source;

const PROVIDERS: [&str; 6] = ["datadog", "newrelic", "dynatrace", "opsgenie", "incidentio", "splunk"];

/// Lists alerts.
pub struct QueryAlerts;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Arguments {
    /// datadog, newrelic, dynatrace, opsgenie, incidentio or splunk. Default: the first that is connected.
    #[serde(deserialize_with = "argument::text")]
    source: Option<String>,
    /// How many, 1 to 500. Default 20.
    #[serde(deserialize_with = "argument::integer")]
    limit: Option<i64>,
}

#[async_trait]
impl Tool for QueryAlerts {
    fn definition(&self) -> Definition {
        schema::reads_outside::<Arguments>(
            "query_alerts",
            "List alerts of a monitoring system",
            "Alerts as a connected monitoring system lists them, whether or not they became incidents. For the alerts of \
             one incident use incident_list_alerts.",
            schema::members(&[]),
        )
    }

    fn connectors(&self) -> &'static [&'static str] {
        &PROVIDERS
    }

    async fn call(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        let arguments: Arguments = argument::read(arguments)?;
        let limit = argument::clamped(arguments.limit, 20, 1, 500);
        let provider = source(arguments.source.as_deref(), &PROVIDERS, context).await?;
        let (path, size) = route(provider);
        Ok(context.aurora.provider_list(path, size, limit).await?)
    }
}

/// Where a provider's alerts are, and what it calls their number: Datadog's route doesn't read `limit`.
fn route(provider: &str) -> (&'static [&'static str], &'static str) {
    match provider {
        "newrelic" => (&["newrelic", "issues"], "limit"),
        "dynatrace" => (&["dynatrace", "alerts"], "limit"),
        "opsgenie" => (&["opsgenie", "events", "ingested"], "limit"),
        "incidentio" => (&["incidentio", "alerts"], "limit"),
        "splunk" => (&["splunk", "alerts"], "limit"),
        _ => (&["datadog", "monitors"], "page_size"),
    }
}
