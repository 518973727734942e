//! Faults on demand: what the next requests suffer instead of, or before, their answer.

use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{Answer, Body};
use crate::health::Health;

/// One kind of trouble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// 429 as Flask-Limiter answers it.
    RateLimit {
        #[serde(default = "default_retry_after")]
        retry_after: u64,
    },
    /// 500 with an `error` that a gateway must not pass on.
    Error,
    /// Any status with a JSON body: the one that is given, else its name.
    Status {
        status: u16,
        #[serde(default)]
        body: Option<Value>,
    },
    /// The right answer, late.
    Slow { ms: u64 },
    /// 502 from a reverse proxy in front of Aurora.
    Html,
    /// 200 whose JSON breaks off.
    BrokenJson,
    /// The 503 report of `/health/`, whatever was asked.
    Unhealthy,
    /// The connection is closed without an answer.
    Drop,
}

fn default_retry_after() -> u64 {
    60
}

/// A kind for the next `count` requests whose raw path starts with `path`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    #[serde(flatten)]
    pub kind: Kind,
    #[serde(default = "once")]
    pub count: u32,
    #[serde(default)]
    pub path: String,
}

fn once() -> u32 {
    1
}

/// What the server does about a fault.
#[derive(Debug, PartialEq)]
pub enum Effect {
    Answer(Box<Answer>),
    Wait(Duration),
    Drop,
}

/// The faults that were ordered and not yet used up.
#[derive(Debug, Default)]
pub struct Faults {
    queue: Vec<Fault>,
}

impl Faults {
    pub fn order(&mut self, fault: Fault) {
        self.queue.push(fault);
    }

    pub fn clear(&mut self) {
        self.queue.clear();
    }

    /// Takes the first fault that concerns the path.
    pub fn take(&mut self, path: &str) -> Option<Kind> {
        let at = self.queue.iter().position(|fault| fault.count > 0 && path.starts_with(&fault.path))?;
        let fault = self.queue.get_mut(at)?;
        fault.count -= 1;
        let kind = fault.kind.clone();
        self.queue.retain(|fault| fault.count > 0);
        Some(kind)
    }
}

impl Kind {
    pub fn effect(&self, health: &Health) -> Effect {
        let answer = match self {
            Self::Drop => return Effect::Drop,
            Self::Slow { ms } => return Effect::Wait(Duration::from_millis(*ms)),
            Self::RateLimit { retry_after } => rate_limited(*retry_after),
            Self::Error => Answer::error(
                StatusCode::INTERNAL_SERVER_ERROR,
                "psycopg2.OperationalError: connection to 10.0.0.7 as aurora failed",
            ),
            Self::Status { status, body } => {
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                match body {
                    Some(body) => Answer::json(status, body.clone()),
                    None => Answer::error(status, status.canonical_reason().unwrap_or("Error")),
                }
            }
            Self::Html => Answer::page(StatusCode::BAD_GATEWAY, "nginx"),
            Self::BrokenJson => Answer {
                status: StatusCode::OK,
                headers: Vec::new(),
                body: Body::Raw("{\"incidents\": [{\"id\": \"111".to_owned()),
            },
            Self::Unhealthy => health.unhealthy(),
        };
        Effect::Answer(Box::new(answer))
    }
}

fn rate_limited(retry_after: u64) -> Answer {
    let body = json!({
        "error": "Rate limit exceeded",
        "message": "Too many requests. Please try again later.",
        "hint": "Rate limits protect against abuse. Contact support if you need higher limits.",
        "documentation": "https://docs.aurora.app/rate-limits",
    });
    Answer::json(StatusCode::TOO_MANY_REQUESTS, body)
        .with_header("retry-after", retry_after.to_string())
        .with_header("x-ratelimit-limit", "5")
        .with_header("x-ratelimit-remaining", "0")
}
