//! A question about an incident, answered by Aurora's own agent.

use std::time::Duration;

use async_trait::async_trait;
use rmcp::model::{JsonObject, Tool as Definition, ToolAnnotations};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{CallContext, Tool, ToolError, argument, schema};
use crate::aurora::{IncidentId, Session, SessionId, SessionStatus};

const LONGEST_QUESTION: usize = 2_000;
const FIRST_POLL: Duration = Duration::from_millis(500);
const LAST_POLL: Duration = Duration::from_secs(3);

/// Asks and waits.
pub struct AskIncident;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Arguments {
    /// The incident's UUID, from `list_incidents`. Needed for a new question.
    #[serde(deserialize_with = "argument::text")]
    incident_id: Option<String>,
    /// The question, up to 2000 characters. Leave it out to go on waiting for the answer of `session_id`.
    #[serde(deserialize_with = "argument::text")]
    question: Option<String>,
    /// The session of an earlier `ask_incident`: alone to go on waiting, with `incident_id` and question for a follow-up.
    #[serde(deserialize_with = "argument::text")]
    session_id: Option<String>,
}

/// What the arguments amount to.
#[derive(Debug, PartialEq)]
enum Request {
    Ask { incident: IncidentId, question: String, session: Option<SessionId> },
    Wait { session: SessionId },
}

#[async_trait]
impl Tool for AskIncident {
    fn definition(&self) -> Definition {
        Definition::new(
            "ask_incident",
            "Ask Aurora's agent a question about one incident and wait for its answer, usually 20 to 60 seconds. Use it only \
             for questions that get_incident and search_knowledge_base don't answer. If the answer takes longer, the result \
             has status in_progress and a session_id: call ask_incident again with just that session_id.",
            schema::input::<Arguments>(),
        )
        .with_title("Ask about an incident")
        .with_annotations(ToolAnnotations::from_raw(None, Some(false), Some(false), Some(false), Some(false)))
        .with_raw_output_schema(schema::output(json!({
            "type": "object",
            "properties": {
                "status": {"type": "string", "enum": ["completed", "in_progress", "failed", "cancelled"]},
                "session_id": {"type": "string"},
                "answer": {"type": "string"},
                "citations": {"type": "array"},
                "hint": {"type": "string"}
            },
            "required": ["status", "session_id"]
        })))
    }

    async fn call(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        let deadline = Instant::now() + context.settings.ask_wait;
        let session = match request(argument::read(arguments)?)? {
            Request::Wait { session } => session,
            Request::Ask { incident, question, session } => {
                context.progress.report(0.0, context.settings.ask_wait.as_secs_f64(), "question sent");
                context.aurora.ask(incident, &question, session).await?
            }
        };
        wait(session, deadline, context).await
    }

    fn reports_progress(&self) -> bool {
        true
    }

    fn target(&self, arguments: &JsonObject) -> Option<String> {
        ["incident_id", "session_id"]
            .iter()
            .filter_map(|name| arguments.get(*name)?.as_str()?.parse::<SessionId>().ok())
            .map(|id| id.to_string())
            .next()
    }
}

fn request(arguments: Arguments) -> Result<Request, ToolError> {
    let session = arguments.session_id.as_deref().map(str::parse).transpose()?;
    match (arguments.question, session) {
        (None, Some(session)) => Ok(Request::Wait { session }),
        (None, None) => Err(ToolError::Argument(
            "question is missing: give incident_id and question, or session_id alone to go on waiting"
                .to_owned(),
        )),
        (Some(question), session) => {
            if question.chars().count() > LONGEST_QUESTION {
                return Err(ToolError::Argument(format!(
                    "question is longer than {LONGEST_QUESTION} characters"
                )));
            }
            let incident = arguments.incident_id.unwrap_or_default().parse()?;
            Ok(Request::Ask { incident, question, session })
        }
    }
}

/// Polls until the session ends or the deadline passes; a bad moment of Aurora's is waited out. Dropped with the client's
/// request.
async fn wait(id: SessionId, deadline: Instant, context: &CallContext<'_>) -> Result<Value, ToolError> {
    let total = context.settings.ask_wait.as_secs_f64();
    let mut pause = FIRST_POLL;
    loop {
        let polled = context.aurora.session(id, 0).await;
        let left = deadline.saturating_duration_since(Instant::now());
        let session = match polled {
            Ok(session) => session,
            Err(error) if error.is_transient() => Session::unknown(),
            Err(error) => return Err(error.into()),
        };
        if session.status != SessionStatus::Running || left.is_zero() {
            return Ok(report(id, &session));
        }
        let waited = total - left.as_secs_f64();
        context.progress.report(waited, total, format!("Aurora is working on the answer ({waited:.0} s)"));
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 3 / 2).min(LAST_POLL);
    }
}

fn report(id: SessionId, session: &Session) -> Value {
    let mut value = json!({"session_id": id.to_string()});
    let answer = answer(&session.messages);
    let (status, hint) = match session.status {
        SessionStatus::Completed if answer.is_empty() => {
            ("completed", Some("The session ended without an answer. Ask again in other words."))
        }
        SessionStatus::Completed => ("completed", None),
        SessionStatus::Running => (
            "in_progress",
            Some("Not finished yet. Call ask_incident with this session_id alone to go on waiting."),
        ),
        SessionStatus::Failed => ("failed", Some("Aurora's agent failed. Ask again, or use get_incident.")),
        SessionStatus::Cancelled => {
            ("cancelled", Some("Somebody cancelled the session. Ask again if you still need it."))
        }
    };
    value["status"] = json!(status);
    if !answer.is_empty() {
        value["answer"] = json!(answer);
    }
    if !session.citations.is_empty() {
        value["citations"] = json!(session.citations);
    }
    if let Some(hint) = hint {
        value["hint"] = json!(hint);
    }
    value
}

/// What the agent wrote after the last question.
fn answer(messages: &[Value]) -> String {
    let asked = messages.iter().rposition(|message| message["sender"] == "user").map_or(0, |at| at + 1);
    let texts: Vec<&str> = messages[asked..]
        .iter()
        .filter(|message| message["sender"] == "bot")
        .filter_map(|message| message["text"].as_str())
        .filter(|text| !text.trim().is_empty())
        .collect();
    texts.join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "33333333-3333-4333-8333-000000000001";

    fn arguments(incident: Option<&str>, question: Option<&str>, session: Option<&str>) -> Arguments {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Arguments { incident_id: owned(incident), question: owned(question), session_id: owned(session) }
    }

    #[test]
    fn a_session_alone_goes_on_waiting() {
        let wait = request(arguments(None, None, Some(ID))).unwrap();
        assert_eq!(wait, Request::Wait { session: ID.parse().unwrap() });
        let with_incident = request(arguments(Some(ID), None, Some(ID))).unwrap();
        assert!(matches!(with_incident, Request::Wait { .. }));
    }

    #[test]
    fn a_follow_up_keeps_its_session() {
        let ask = request(arguments(Some(ID), Some("and now?"), Some(ID))).unwrap();
        assert!(matches!(ask, Request::Ask { session: Some(_), .. }));
    }

    #[test]
    fn incomplete_questions_say_what_is_missing() {
        let long = "x".repeat(2_001);
        for (given, expected) in [
            (arguments(Some(ID), None, None), "question is missing"),
            (arguments(None, Some("why?"), None), "incident_id must be a UUID"),
            (arguments(Some("42"), Some("why?"), None), "incident_id must be a UUID"),
            (arguments(None, None, Some("42")), "session_id must be a UUID"),
            (arguments(Some(ID), Some(&long), None), "question is longer"),
        ] {
            let error = request(given).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn the_answer_is_what_came_after_the_last_question() {
        let messages = [
            json!({"sender": "user", "text": "why?"}),
            json!({"sender": "bot", "text": "old"}),
            json!({"sender": "user", "text": "and now?"}),
            json!({"sender": "bot", "text": "first"}),
            json!({"sender": "bot", "text": " "}),
            json!({"sender": "bot", "text": "second"}),
        ];
        assert_eq!(answer(&messages), "first\n\nsecond");
        assert_eq!(answer(&messages[..1]), "");
        assert_eq!(answer(&[]), "");
    }

    #[test]
    fn an_unfinished_session_is_handed_out_as_a_handle() {
        let session = Session { status: SessionStatus::Running, messages: vec![], citations: vec![] };
        let value = report(ID.parse().unwrap(), &session);
        assert_eq!(value["status"], "in_progress");
        assert_eq!(value["session_id"], ID);
        assert!(value["hint"].as_str().unwrap().contains("session_id"));
    }
}
