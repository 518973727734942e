//! What an incident is made of: its alerts, and what each agent of the investigation found.

use async_trait::async_trait;
use rmcp::model::{JsonObject, Tool as Definition};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{CallContext, Tool, ToolError, argument, schema};
use crate::aurora::{AgentId, IncidentId};

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct OfIncident {
    /// The incident's UUID, from `list_incidents`.
    #[serde(deserialize_with = "argument::text")]
    #[schemars(with = "String", required)]
    incident_id: Option<String>,
}

impl OfIncident {
    fn read(arguments: JsonObject) -> Result<IncidentId, ToolError> {
        let arguments: Self = argument::read(arguments)?;
        Ok(arguments.incident_id.unwrap_or_default().parse()?)
    }
}

fn target(arguments: &JsonObject) -> Option<String> {
    arguments.get("incident_id")?.as_str()?.parse::<IncidentId>().ok().map(|id| id.to_string())
}

/// The alerts of an incident.
pub struct IncidentAlerts;

#[async_trait]
impl Tool for IncidentAlerts {
    fn definition(&self) -> Definition {
        schema::reads::<OfIncident>(
            "incident_list_alerts",
            "List alerts of an incident",
            "The alerts that were correlated into an incident, with when they came and why they belong together. Use it \
             to see which came first.",
            schema::members(&[("alerts", "array"), ("total", "integer")]),
        )
    }

    async fn call(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        Ok(context.aurora.incident_alerts(OfIncident::read(arguments)?).await?)
    }

    fn target(&self, arguments: &JsonObject) -> Option<String> {
        target(arguments)
    }
}

/// The agents of an investigation.
pub struct IncidentFindings;

#[async_trait]
impl Tool for IncidentFindings {
    fn definition(&self) -> Definition {
        schema::reads::<OfIncident>(
            "incident_findings",
            "List findings of an investigation",
            "What each agent of an incident's investigation was asked to do, which tools it used and how sure it is. Use \
             incident_finding_detail with an agent_id from here for its report.",
            schema::members(&[("findings", "array")]),
        )
    }

    async fn call(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        Ok(context.aurora.findings(OfIncident::read(arguments)?).await?)
    }

    fn target(&self, arguments: &JsonObject) -> Option<String> {
        target(arguments)
    }
}

/// One agent's report.
pub struct IncidentFindingDetail;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct OfAgent {
    /// The incident's UUID, from `list_incidents`.
    #[serde(deserialize_with = "argument::text")]
    #[schemars(with = "String", required)]
    incident_id: Option<String>,
    /// The agent, from `incident_findings`, such as `sa_1`.
    #[serde(deserialize_with = "argument::text")]
    #[schemars(with = "String", required)]
    agent_id: Option<String>,
}

#[async_trait]
impl Tool for IncidentFindingDetail {
    fn definition(&self) -> Definition {
        schema::reads::<OfAgent>(
            "incident_finding_detail",
            "Get one finding",
            "The report of one agent of an investigation, with the calls that it made.",
            schema::members(&[("agent_id", "string"), ("status", "string"), ("tool_call_history", "array")]),
        )
    }

    async fn call(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        let arguments: OfAgent = argument::read(arguments)?;
        let incident = arguments.incident_id.unwrap_or_default().parse()?;
        let agent: AgentId = arguments.agent_id.unwrap_or_default().parse()?;
        Ok(context.aurora.finding(incident, &agent).await?)
    }

    fn target(&self, arguments: &JsonObject) -> Option<String> {
        target(arguments)
    }
}
