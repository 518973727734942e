//! Incidents: a list and one in detail.

use async_trait::async_trait;
use rmcp::model::{JsonObject, Tool as Definition, ToolAnnotations};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::output::Output;
use super::{CallContext, Tool, ToolError, argument, schema};
use crate::aurora::{IncidentId, IncidentPage};

/// The statuses an incident can be listed by.
const STATUSES: [&str; 3] = ["investigating", "analyzed", "resolved"];

/// A page of incidents.
pub struct ListIncidents;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct ListArguments {
    /// Only incidents in this status: investigating, analyzed or resolved. Leave it out for all.
    #[serde(deserialize_with = "argument::text")]
    #[schemars(extend("enum" = ["investigating", "analyzed", "resolved"]))]
    status: Option<String>,
    /// How many to return, 1 to 100. Default 20.
    #[serde(deserialize_with = "argument::integer")]
    limit: Option<i64>,
    /// How many to skip, for the next page. Default 0.
    #[serde(deserialize_with = "argument::integer")]
    offset: Option<i64>,
}

#[async_trait]
impl Tool for ListIncidents {
    fn definition(&self) -> Definition {
        Definition::new(
            "list_incidents",
            "List the organisation's incidents, newest first, with status, severity, affected services and a summary. \
             Start here when asked what is going on. Use get_incident with an id from the list for the details of one.",
            schema::input::<ListArguments>(),
        )
        .with_title("List incidents")
        .with_annotations(ToolAnnotations::from_raw(None, Some(true), Some(false), Some(true), Some(false)))
        .with_raw_output_schema(schema::output(json!({
            "type": "object",
            "properties": {
                "incidents": {"type": "array", "items": {"type": "object"}},
                "total": {"type": "integer", "description": "Incidents that match, over all pages."},
                "next_offset": {"type": "integer", "description": "Pass as offset for the next page; absent on the last."}
            }
        })))
    }

    async fn call(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        self.output(arguments, context).await.map(Output::into_value)
    }

    async fn output(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Output, ToolError> {
        let arguments: ListArguments = argument::read(arguments)?;
        let page = IncidentPage {
            status: arguments.status.as_deref().map(status).transpose()?.flatten(),
            limit: argument::clamped(arguments.limit, 20, 1, 100),
            offset: argument::clamped(arguments.offset, 0, 0, 1_000_000),
        };
        let answer = context.aurora.incidents_as_written(&page).await?;
        Ok(Output::Passed(with_next_offset(answer, &page)))
    }
}

fn status(text: &str) -> Result<Option<&'static str>, ToolError> {
    let text = text.to_ascii_lowercase();
    if let Some(known) = STATUSES.iter().find(|known| **known == text) {
        return Ok(Some(known));
    }
    match text.as_str() {
        "all" | "any" | "*" => Ok(None),
        "merged" => Err(ToolError::Argument(
            "status: Aurora never lists merged incidents. get_incident of the incident they were merged into shows them \
             as correlated alerts. Use investigating, analyzed or resolved, or leave status out for all."
                .to_owned(),
        )),
        "open" | "active" | "ongoing" | "new" => Err(unknown_status(&text, "Open incidents have the status investigating. ")),
        "closed" | "done" | "fixed" => Err(unknown_status(&text, "Closed incidents have the status resolved. ")),
        _ => Err(unknown_status(&text, "")),
    }
}

fn unknown_status(text: &str, guess: &str) -> ToolError {
    let shown: String = text.chars().take(40).collect();
    ToolError::Argument(format!(
        "status: unknown status {shown:?}. {guess}Use investigating, analyzed or resolved, or leave status out for all."
    ))
}

/// As much of a page as has to be known to find the next one.
#[derive(Deserialize)]
struct Shown {
    incidents: Vec<IgnoredAny>,
    total: Option<u64>,
}

/// Says where the next page begins, if there is one. What has another shape is left alone.
fn with_next_offset(answer: Box<RawValue>, page: &IncidentPage) -> Box<RawValue> {
    let next = serde_json::from_str(answer.get()).ok().and_then(|shown: Shown| {
        let next = u64::from(page.offset) + shown.incidents.len() as u64;
        (!shown.incidents.is_empty() && next < shown.total?).then_some(next)
    });
    let Some(next) = next else { return answer };
    let members = answer.get().strip_suffix('}').unwrap_or_default();
    RawValue::from_string(format!("{members},\"next_offset\":{next}}}")).unwrap_or(answer)
}

/// One incident in detail.
pub struct GetIncident;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct GetArguments {
    /// The incident's UUID, from `list_incidents`.
    #[serde(deserialize_with = "argument::text")]
    #[schemars(with = "String", required)]
    incident_id: Option<String>,
    /// Parts that are left out otherwise because they are long: thoughts (the investigation's stream of thought), chats
    /// (transcripts of chat sessions).
    #[serde(deserialize_with = "argument::words")]
    include: Vec<String>,
}

#[async_trait]
impl Tool for GetIncident {
    fn definition(&self) -> Definition {
        Definition::new(
            "get_incident",
            "One incident in detail: alert, summary of the root-cause analysis, suggestions, citations, correlated alerts, \
             chat sessions. Needs the incident's UUID; use list_incidents to find it. The investigation's stream of thought \
             and the chat transcripts are left out unless named in include.",
            schema::input::<GetArguments>(),
        )
        .with_title("Get an incident")
        .with_annotations(ToolAnnotations::from_raw(None, Some(true), Some(false), Some(true), Some(false)))
        .with_raw_output_schema(schema::output(json!({
            "type": "object",
            "properties": {"incident": {"type": "object"}}
        })))
    }

    async fn call(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        let arguments: GetArguments = argument::read(arguments)?;
        let id: IncidentId = arguments.incident_id.unwrap_or_default().parse()?;
        let parts = arguments.include.iter().map(|word| Part::read(word)).collect::<Result<Vec<_>, _>>()?;
        let mut answer = context.aurora.incident(id).await?;
        if let Some(incident) = answer.get_mut("incident").and_then(Value::as_object_mut) {
            leave_out(incident, &parts);
        }
        Ok(answer)
    }

    fn target(&self, arguments: &JsonObject) -> Option<String> {
        arguments.get("incident_id")?.as_str()?.parse::<IncidentId>().ok().map(|id| id.to_string())
    }
}

/// What `include` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Thoughts,
    Chats,
    All,
}

impl Part {
    fn read(word: &str) -> Result<Self, ToolError> {
        match word.to_ascii_lowercase().replace(['_', '-'], "").as_str() {
            "thoughts" | "thought" | "streamingthoughts" => Ok(Self::Thoughts),
            "chats" | "chat" | "chatsessions" => Ok(Self::Chats),
            "all" => Ok(Self::All),
            _ => {
                let word: String = word.chars().take(40).collect();
                Err(ToolError::Argument(format!("include: {word:?} is none of thoughts, chats, all")))
            }
        }
    }
}

/// Takes the long parts away unless they were asked for.
fn leave_out(incident: &mut JsonObject, parts: &[Part]) {
    let asked = |part: Part| parts.contains(&part) || parts.contains(&Part::All);
    if !asked(Part::Thoughts) {
        incident.remove("streamingThoughts");
    }
    if asked(Part::Chats) {
        return;
    }
    if let Some(sessions) = incident.get_mut("chatSessions").and_then(Value::as_array_mut) {
        for session in sessions.iter_mut().filter_map(Value::as_object_mut) {
            session.retain(|key, _| matches!(key.as_str(), "id" | "title" | "status"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_status_is_answered_with_what_would_be_right() {
        assert_eq!(status("Investigating").unwrap(), Some("investigating"));
        assert_eq!(status("all").unwrap(), None);
        for (text, expected) in [
            ("open", "Open incidents have the status investigating"),
            ("closed", "Closed incidents have the status resolved"),
            ("merged", "never lists merged incidents"),
            ("foo", "unknown status \"foo\""),
        ] {
            let error = status(text).unwrap_err().to_string();
            assert!(
                error.contains(expected) && error.contains("investigating, analyzed or resolved"),
                "{error}"
            );
        }
    }

    #[test]
    fn the_next_page_is_named_until_the_last() {
        let page = IncidentPage { status: None, limit: 2, offset: 2 };
        let answered = |text: &str| {
            let answer = RawValue::from_string(text.to_owned()).unwrap();
            with_next_offset(answer, &page).get().to_owned()
        };
        assert_eq!(
            answered(r#"{"incidents":[1,2],"total":5}"#),
            r#"{"incidents":[1,2],"total":5,"next_offset":4}"#
        );
        for last in [
            r#"{"incidents":[1,2],"total":4}"#,
            r#"{"incidents":[],"total":9}"#,
            r#"{"incidents":[1]}"#,
            r#"{"incidents":"?","total":9}"#,
            "[1]",
        ] {
            assert_eq!(answered(last), last);
        }
    }

    #[test]
    fn long_parts_come_only_when_asked_for() {
        let full = json!({
            "id": "x",
            "streamingThoughts": [{"content": "long"}],
            "chatSessions": [{"id": "s", "title": "t", "status": "completed", "messages": ["long"]}]
        });
        let left = |include: &[&str]| {
            let mut incident = full.as_object().unwrap().clone();
            let parts: Vec<Part> = include.iter().map(|word| Part::read(word).unwrap()).collect();
            leave_out(&mut incident, &parts);
            Value::Object(incident)
        };
        assert_eq!(
            left(&[]),
            json!({"id": "x", "chatSessions": [{"id": "s", "title": "t", "status": "completed"}]})
        );
        assert_eq!(left(&["thoughts", "chats"]), full);
        assert_eq!(left(&["All"]), full);
        assert_eq!(left(&["streaming_thoughts", "chatSessions"]), full);
        assert!(left(&["thoughts"])["chatSessions"][0].get("messages").is_none());
    }
}
