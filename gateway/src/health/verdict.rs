//! What one check found out.

use serde::Serialize;
use serde_json::{Map, Value};

use super::reason::Reason;

/// How a component is, in Aurora's words plus two for what is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Does what it is for.
    Healthy,
    /// Aurora works, with less.
    Degraded,
    /// Aurora does not work without it.
    Unhealthy,
    /// Not asked yet.
    Pending,
    /// Not asked at all; does not count.
    NotConfigured,
}

impl Status {
    /// All of them; one metric series each.
    pub const ALL: [Self; 5] =
        [Self::Healthy, Self::Degraded, Self::Unhealthy, Self::Pending, Self::NotConfigured];

    /// The name in reports and metric labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
            Self::Pending => "pending",
            Self::NotConfigured => "not_configured",
        }
    }
}

/// The result of one check: no time, no latency, nothing secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How the component is.
    pub status: Status,
    /// Why.
    pub reason: Reason,
    /// One sentence for a person.
    pub message: String,
    /// Facts: versions, roles, counts, names.
    pub detail: Map<String, Value>,
}

impl Verdict {
    /// All is well.
    pub fn healthy(message: impl Into<String>) -> Self {
        Self::new(Status::Healthy, Reason::Ok, message)
    }

    /// Aurora works, with less.
    pub fn degraded(reason: Reason, message: impl Into<String>) -> Self {
        Self::new(Status::Degraded, reason, message)
    }

    /// Aurora does not work without it.
    pub fn unhealthy(reason: Reason, message: impl Into<String>) -> Self {
        Self::new(Status::Unhealthy, reason, message)
    }

    /// Not asked at all.
    pub fn not_configured(message: impl Into<String>) -> Self {
        Self::new(Status::NotConfigured, Reason::NotConfigured, message)
    }

    /// Not asked yet.
    pub fn pending() -> Self {
        Self::new(Status::Pending, Reason::Pending, "The first check has not ended yet.")
    }

    /// Could not be asked: `what` at `address` did what the reason says.
    pub fn unreachable(what: &str, address: &str, reason: Reason) -> Self {
        Self::unhealthy(reason, format!("{what} at {address} {}.", reason.phrase()))
    }

    /// Adds a fact.
    #[must_use]
    pub fn with(mut self, name: &str, fact: impl Into<Value>) -> Self {
        self.detail.insert(name.to_owned(), fact.into());
        self
    }

    fn new(status: Status, reason: Reason, message: impl Into<String>) -> Self {
        Self { status, reason, message: message.into(), detail: Map::new() }
    }
}
