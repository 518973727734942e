//! Aurora's own health endpoints, in the three states that were captured.

use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::samples::{SampleError, Samples, read};

/// The state that `/_test/health` asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    #[default]
    Healthy,
    Degraded,
    Unhealthy,
}

#[derive(Debug)]
pub struct Health {
    reports: [Value; 3],
    pub state: State,
    /// `/health/` waits out Celery's `inspect`, so the real one never answers faster than a second.
    pub delay: Duration,
}

impl Health {
    pub fn load(samples: &Samples, delay: Duration) -> Result<Self, SampleError> {
        let reports =
            [samples.body("health")?, read("health_degraded.json")?, read("health_unhealthy.json")?];
        Ok(Self { reports, state: State::default(), delay })
    }

    /// GET `/health/`: 503 carries the full report too.
    pub fn report(&self) -> Answer {
        let [healthy, degraded, _] = &self.reports;
        match self.state {
            State::Healthy => Answer::ok(healthy.clone()),
            State::Degraded => Answer::ok(degraded.clone()),
            State::Unhealthy => self.unhealthy(),
        }
    }

    pub fn unhealthy(&self) -> Answer {
        let [.., unhealthy] = &self.reports;
        Answer::json(StatusCode::SERVICE_UNAVAILABLE, unhealthy.clone())
    }

    /// GET `/health/readiness`: only the database and Redis count.
    pub fn readiness(&self) -> Answer {
        if self.state == State::Unhealthy {
            let checks = json!({ "database": "unhealthy", "redis": "healthy" });
            let body = json!({ "status": "not_ready", "checks": checks });
            return Answer::json(StatusCode::SERVICE_UNAVAILABLE, body);
        }
        Answer::ok(json!({ "status": "ready" }))
    }
}
