//! Chat sessions: a question stays `in_progress` for some polls and then gets its answer.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::answer::Answer;
use crate::gate::Caller;
use crate::people::ALPHA;
use crate::received::Received;
use crate::samples::{SampleError, Samples};

const MAX_QUESTION: usize = 2000;
/// The captured sessions, one for each stored status.
const CAPTURED: [&str; 3] = ["session_completed", "session_in_progress", "session_failed"];
const CANCELLED: &str = "33333333-3333-4333-8333-000000000004";
const STARTED_AT: &str = "2026-11-22T16:59:25.527317";

/// How a session ends. Steered through `/_test/chat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Completed,
    Failed,
    Cancelled,
    Error,
}

/// What the next sessions will do.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Script {
    /// Polls that still see `in_progress`.
    pub polls: u32,
    pub outcome: Outcome,
}

impl Default for Script {
    fn default() -> Self {
        Self { polls: 3, outcome: Outcome::Completed }
    }
}

#[derive(Debug)]
struct Session {
    org: String,
    user: String,
    record: Value,
    /// The turn that is running: what it will do when its polls are used up.
    running: Option<Script>,
}

#[derive(Debug, Default)]
pub struct Chat {
    sessions: BTreeMap<String, Session>,
    pub script: Script,
    made: u128,
}

impl Chat {
    pub fn load(samples: &Samples) -> Result<Self, SampleError> {
        let mut chat = Self::default();
        let mut captured = CAPTURED.iter().map(|name| samples.body(name)).collect::<Result<Vec<_>, _>>()?;
        let mut cancelled = captured.first().cloned().unwrap_or_default();
        cancelled["id"] = CANCELLED.into();
        cancelled["status"] = "cancelled".into();
        captured.push(cancelled);
        for record in captured {
            let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
            let session = Session {
                org: ALPHA.to_owned(),
                user: text("user_id"),
                record: record.clone(),
                running: None,
            };
            chat.sessions.insert(text("id"), session);
        }
        Ok(chat)
    }

    /// POST `/api/incidents/<id>/chat`.
    pub fn ask(&mut self, caller: &Caller, incident: Uuid, request: &Received, body: &Value) -> Answer {
        let question = match question(body) {
            Ok(question) => question,
            Err(answer) => return *answer,
        };
        if let Some(id) = request.query("session_id") {
            if Uuid::try_parse(&id).is_err() {
                return Answer::error(StatusCode::BAD_REQUEST, "Invalid session ID format");
            }
            if self.owned(caller, &id).is_none() {
                return not_found();
            }
            self.turn(&id, &question);
            return started(&id, false);
        }
        self.made += 1;
        let id = Uuid::from_u128(0x7777_7777_7777_4777_8777_0000_0000_0000 | self.made).to_string();
        let record = json!({
            "id": id, "incident_id": incident.to_string(), "user_id": caller.user, "is_own": true,
            "title": format!("Incident: {question}"), "messages": [], "pending_turn": null,
            "created_at": STARTED_AT, "updated_at": STARTED_AT, "status": "in_progress",
            "ui_state": {
                "isBackground": true, "selectedMode": body["mode"].as_str().unwrap_or("ask"),
                "triggerMetadata": {
                    "incident_id": incident.to_string(), "question": question, "source": "incident_chat",
                },
            },
        });
        let session = Session { org: caller.org.clone(), user: caller.user.clone(), record, running: None };
        self.sessions.insert(id.clone(), session);
        self.turn(&id, &question);
        started(&id, true)
    }

    /// POST `/chat_api/sessions/<sid>/messages`.
    pub fn follow_up(&mut self, caller: &Caller, id: &str, body: &Value) -> Answer {
        let Some(session) = self.owned(caller, id) else { return not_found() };
        if session.record["status"] == "cancelled" {
            return Answer::error(StatusCode::CONFLICT, "Chat session is cancelled");
        }
        let Some(text) = body["message"].as_str().map(str::trim).filter(|text| !text.is_empty()) else {
            return Answer::error(StatusCode::BAD_REQUEST, "Missing message");
        };
        self.turn(id, text);
        let seq = self.sessions.get(id).map_or(0, |session| messages(session).len());
        Answer::json(StatusCode::ACCEPTED, json!({ "session_id": id, "seq": seq, "status": "processing" }))
    }

    /// GET `/chat_api/sessions/<sid>`: a poll. Cancelled sessions are hidden.
    pub fn session(&mut self, caller: &Caller, id: &str) -> Answer {
        match self.poll(caller, id) {
            Some(session) if session.record["status"] != "cancelled" => Answer::ok(session.record.clone()),
            _ => not_found(),
        }
    }

    /// GET `/chat_api/sessions/<sid>/status`: the cheapest poll.
    pub fn status(&mut self, caller: &Caller, id: &str) -> Answer {
        self.poll(caller, id).map_or_else(not_found, |session| {
            Answer::ok(
                json!({ "status": session.record["status"], "message_count": messages(session).len() }),
            )
        })
    }

    /// GET `/chat_api/sessions/<sid>/messages?after=N`: a poll that also answers for cancelled sessions.
    pub fn messages(&mut self, caller: &Caller, id: &str, request: &Received) -> Answer {
        let after = request.query("after").and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
        self.poll(caller, id).map_or_else(not_found, |session| {
            let all = messages(session);
            Answer::ok(json!({
                "session_id": id, "status": session.record["status"], "seq": all.len(),
                "messages": all.iter().skip(after).collect::<Vec<_>>(), "citations": [],
            }))
        })
    }

    fn owned(&self, caller: &Caller, id: &str) -> Option<&Session> {
        self.sessions.get(id).filter(|session| session.org == caller.org && session.user == caller.user)
    }

    fn turn(&mut self, id: &str, text: &str) {
        let script = self.script;
        if let Some(session) = self.sessions.get_mut(id) {
            say(session, "user", text);
            session.record["status"] = "in_progress".into();
            session.running = Some(script);
        }
    }

    fn poll(&mut self, caller: &Caller, id: &str) -> Option<&Session> {
        self.owned(caller, id)?;
        let session = self.sessions.get_mut(id)?;
        match session.running {
            Some(Script { polls: 0, outcome }) => finish(session, outcome),
            Some(script) => session.running = Some(Script { polls: script.polls - 1, ..script }),
            None => {}
        }
        Some(session)
    }
}

fn finish(session: &mut Session, outcome: Outcome) {
    session.running = None;
    session.record["status"] = json!(outcome);
    if outcome == Outcome::Completed {
        let question = messages(session).last().and_then(|last| last["text"].as_str()).unwrap_or_default();
        let answer = format!("Maxmemory was reached, so Redis evicted cart keys. (You asked: {question})");
        say(session, "bot", &answer);
    }
}

fn say(session: &mut Session, sender: &str, text: &str) {
    if let Some(list) = session.record["messages"].as_array_mut() {
        list.push(json!({ "sender": sender, "text": text }));
    }
}

fn messages(session: &Session) -> &[Value] {
    session.record["messages"].as_array().map_or(&[], Vec::as_slice)
}

fn question(body: &Value) -> Result<String, Box<Answer>> {
    let refuse = |text: &str| Err(Box::new(Answer::error(StatusCode::BAD_REQUEST, text)));
    let question = body["question"].as_str().map(str::trim).unwrap_or_default();
    if question.is_empty() {
        return refuse("Missing question");
    }
    if question.chars().count() > MAX_QUESTION {
        return refuse("Question too long (max 2000 characters)");
    }
    if !matches!(body["mode"].as_str().unwrap_or("ask"), "ask" | "agent") {
        return refuse("Invalid mode. Must be \"ask\" or \"agent\"");
    }
    Ok(question.to_owned())
}

fn started(id: &str, new: bool) -> Answer {
    // The status of this answer is a constant of Aurora's, not the stored one.
    let body = json!({ "session_id": id, "status": "processing", "is_new_session": new });
    Answer::json(StatusCode::ACCEPTED, body)
}

fn not_found() -> Answer {
    Answer::error(StatusCode::NOT_FOUND, "Chat session not found")
}
