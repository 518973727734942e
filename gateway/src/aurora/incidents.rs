//! `/api/incidents` (contract §6).

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::call::Call;
use super::{AgentId, Answer, AsUser, AuroraError, IncidentId};

/// Which incidents to list.
#[derive(Clone, Debug, Default)]
pub struct IncidentPage {
    /// Exactly this status.
    pub status: Option<&'static str>,
    /// How many, 1–100.
    pub limit: u32,
    /// How many to skip.
    pub offset: u32,
}

/// A problem that Aurora is to look into.
#[derive(Clone, Debug)]
pub struct Investigation<'a> {
    /// What is wrong, up to 4,000 characters.
    pub description: &'a str,
    /// `critical`, `high`, `medium` or `low`.
    pub severity: &'a str,
    /// A short name.
    pub title: Option<&'a str>,
    /// The service that is affected.
    pub service: Option<&'a str>,
}

impl AsUser<'_> {
    /// `{incidents, total}`, newest first.
    pub async fn incidents(&self, page: &IncidentPage) -> Result<Value, AuroraError> {
        self.page(page).await?.value()
    }

    /// The same, not taken apart.
    pub async fn incidents_as_written(&self, page: &IncidentPage) -> Result<Box<RawValue>, AuroraError> {
        self.page(page).await?.read()
    }

    async fn page(&self, page: &IncidentPage) -> Result<Answer, AuroraError> {
        let mut call = Call::get(&["api", "incidents"]).with_query("limit", page.limit.to_string());
        if let Some(status) = page.status {
            call = call.with_query("status", status);
        }
        if page.offset > 0 {
            call = call.with_query("offset", page.offset.to_string());
        }
        self.send(call).await
    }

    /// `{incident}` with everything that Aurora has about it.
    pub async fn incident(&self, id: IncidentId) -> Result<Value, AuroraError> {
        self.send(Call::get(&["api", "incidents", &id.to_string()])).await?.value()
    }

    /// `{alerts, total}`: what was correlated with the incident.
    pub async fn incident_alerts(&self, id: IncidentId) -> Result<Value, AuroraError> {
        self.send(Call::get(&["api", "incidents", &id.to_string(), "alerts"])).await?.value()
    }

    /// `{findings}`: one entry for each agent that looked into the incident.
    pub async fn findings(&self, id: IncidentId) -> Result<Value, AuroraError> {
        self.send(Call::get(&["api", "incidents", &id.to_string(), "findings"])).await?.value()
    }

    /// One agent's report and the tools that it used.
    pub async fn finding(&self, id: IncidentId, agent: &AgentId) -> Result<Value, AuroraError> {
        let call = Call::get(&["api", "incidents", &id.to_string(), "findings", &agent.to_string()]);
        self.send(call).await?.value()
    }

    /// Makes an incident and starts its investigation: `{incident_id, rca_session_id, …}`.
    pub async fn investigate(&self, problem: &Investigation<'_>) -> Result<Value, AuroraError> {
        let mut body = json!({"issue_description": problem.description, "severity": problem.severity});
        for (name, value) in [("title", problem.title), ("service", problem.service)] {
            if let Some(value) = value {
                body[name] = json!(value);
            }
        }
        self.send(Call::post(&["api", "incidents", "trigger-rca"], body)).await?.value()
    }
}
