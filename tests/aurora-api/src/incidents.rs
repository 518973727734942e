//! Incidents of two organisations, listed, read and patched as Flask does it.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::answer::Answer;
use crate::people::{ALPHA, BETA};
use crate::received::Received;
use crate::samples::{SampleError, Samples};

const MAX_LIMIT: i64 = 100;
const STATUSES: [&str; 4] = ["merged", "analyzed", "resolved", "investigating"];
const PATCHABLE: [&str; 4] = ["status", "auroraStatus", "summary", "activeTab"];

/// The incidents of each organisation, newest first, and the details that were captured.
#[derive(Debug)]
pub struct Incidents {
    by_org: BTreeMap<&'static str, Vec<Value>>,
    details: BTreeMap<Uuid, Value>,
}

impl Incidents {
    pub fn load(samples: &Samples) -> Result<Self, SampleError> {
        let list =
            |name| samples.body(name).map(|body| body["incidents"].as_array().cloned().unwrap_or_default());
        let by_org = BTreeMap::from([(ALPHA, list("incidents_limit_1000")?), (BETA, list("auth_beta")?)]);
        let mut details = BTreeMap::new();
        for name in ["incident_1", "incident_2_full"] {
            let incident = samples.body(name)?["incident"].clone();
            if let Some(id) = id_of(&incident) {
                details.insert(id, incident);
            }
        }
        Ok(Self { by_org, details })
    }

    pub fn list(&self, org: &str, request: &Received) -> Answer {
        let number = |name| request.query(name).and_then(|text| text.trim().parse::<i64>().ok());
        let limit = number("limit").unwrap_or(MAX_LIMIT).clamp(1, MAX_LIMIT);
        let offset = number("offset").unwrap_or(0).max(0);
        let status = request.query("status").filter(|status| !status.is_empty());
        let wanted: Vec<&Value> = self
            .by_org
            .get(org)
            .into_iter()
            .flatten()
            // Merged rows are left out before the filter, so that status=merged finds nothing.
            .filter(|incident| incident["status"] != "merged")
            .filter(|incident| status.as_ref().is_none_or(|status| incident["status"] == **status))
            .collect();
        let page = wanted.iter().skip(to_usize(offset)).take(to_usize(limit));
        Answer::ok(json!({ "incidents": page.collect::<Vec<_>>(), "total": wanted.len() }))
    }

    /// The id when it names an incident of the organisation; Flask's 400 or 404 when not.
    pub fn locate(&self, org: &str, id: &str) -> Result<Uuid, Box<Answer>> {
        let Ok(id) = Uuid::try_parse(id) else {
            return Err(Box::new(Answer::error(StatusCode::BAD_REQUEST, "Invalid incident ID format")));
        };
        match self.find(org, id) {
            Some(_) => Ok(id),
            None => Err(Box::new(Answer::error(StatusCode::NOT_FOUND, "Incident not found"))),
        }
    }

    pub fn get(&self, org: &str, id: Uuid) -> Answer {
        let Some(listed) = self.find(org, id) else {
            return Answer::error(StatusCode::NOT_FOUND, "Incident not found");
        };
        let mut incident = self.details.get(&id).cloned().unwrap_or_else(undetailed);
        if let (Some(all), Some(listed)) = (incident.as_object_mut(), listed.as_object()) {
            let alert = all.get("alert").cloned();
            all.extend(listed.clone());
            if let (Some(Value::Object(full)), Some(Value::Object(short))) = (alert, all.get_mut("alert")) {
                short.extend(full);
            }
        }
        Answer::ok(json!({ "incident": incident }))
    }

    pub fn patch(&mut self, org: &str, id: Uuid, body: &Value) -> Answer {
        let changes: Vec<(&str, &Value)> =
            PATCHABLE.iter().filter_map(|key| Some((*key, body.get(key)?))).collect();
        if changes.is_empty() {
            return Answer::error(StatusCode::BAD_REQUEST, "No valid fields to update");
        }
        let status = body.get("status").and_then(Value::as_str);
        if status.is_some_and(|status| !STATUSES.contains(&status)) {
            let text = format!("Invalid status. Must be one of: {}", STATUSES.join(", "));
            return Answer::error(StatusCode::BAD_REQUEST, &text);
        }
        let incidents = self.by_org.iter_mut().filter(|(owner, _)| **owner == org).flat_map(|(_, list)| list);
        for incident in incidents.filter(|incident| id_of(incident) == Some(id)) {
            for (key, value) in &changes {
                incident[*key] = (*value).clone();
            }
        }
        Answer::ok(json!({ "success": true, "id": id.to_string() }))
    }

    fn find(&self, org: &str, id: Uuid) -> Option<&Value> {
        self.by_org.get(org)?.iter().find(|incident| id_of(incident) == Some(id))
    }
}

fn id_of(incident: &Value) -> Option<Uuid> {
    Uuid::try_parse(incident["id"].as_str()?).ok()
}

/// What an incident adds to its list entry when nothing has happened to it yet.
fn undetailed() -> Value {
    json!({
        "alert": { "rawPayload": "", "triggeredAt": null },
        "correlatedAlerts": [], "suggestions": [], "streamingThoughts": [], "citations": [],
        "chatSessions": [], "tokenUsage": null,
    })
}

fn to_usize(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}
