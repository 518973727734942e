//! Questions about an incident: chat sessions (contract §8).

use serde::Deserialize;
use serde_json::{Value, json};

use super::call::Call;
use super::{AsUser, AuroraError, IncidentId, SessionId};

/// Where a session is. Aurora writes `in_progress` while it works, not `processing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionStatus {
    /// The answer is being written.
    Running,
    /// The answer is there.
    Completed,
    /// It ended without an answer.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

impl SessionStatus {
    /// Statuses that Aurora doesn't have today count as running: the wait has an end of its own.
    fn of(text: &str) -> Self {
        match text {
            "completed" => Self::Completed,
            "failed" | "error" => Self::Failed,
            "cancelled" => Self::Cancelled,
            _ => Self::Running,
        }
    }
}

/// A session and the messages so far.
#[derive(Clone, Debug)]
pub struct Session {
    /// Where it is.
    pub status: SessionStatus,
    /// Oldest first; the first one is the question.
    pub messages: Vec<Value>,
    /// What the answer refers to.
    pub citations: Vec<Value>,
}

impl Session {
    /// A session that could not be asked about just now: it may still be running.
    pub fn unknown() -> Self {
        Self { status: SessionStatus::Running, messages: Vec::new(), citations: Vec::new() }
    }
}

#[derive(Deserialize)]
struct Started {
    session_id: String,
}

#[derive(Deserialize)]
struct Transcript {
    #[serde(default)]
    status: String,
    #[serde(default)]
    messages: Vec<Value>,
    #[serde(default)]
    citations: Vec<Value>,
}

impl AsUser<'_> {
    /// Asks a read-only question; a given session is continued.
    pub async fn ask(
        &self,
        incident: IncidentId,
        question: &str,
        session: Option<SessionId>,
    ) -> Result<SessionId, AuroraError> {
        let body = json!({"question": question, "mode": "ask"});
        let mut call = Call::post(&["api", "incidents", &incident.to_string(), "chat"], body);
        if let Some(session) = session {
            call = call.with_query("session_id", session.to_string());
        }
        let answer = self.send(call).await?;
        let started: Started = answer.read()?;
        started.session_id.parse().map_err(|_| AuroraError::NotJson(answer.status()))
    }

    /// The session with the messages after the first `seen`. Made for pollers: it isn't rate limited.
    pub async fn session(&self, id: SessionId, seen: usize) -> Result<Session, AuroraError> {
        let call = Call::get(&["chat_api", "sessions", &id.to_string(), "messages"])
            .with_query("after", seen.to_string());
        let found: Transcript = self.send(call).await?.read()?;
        Ok(Session {
            status: SessionStatus::of(&found.status),
            messages: found.messages,
            citations: found.citations,
        })
    }
}
