//! The probe of Aurora's server: its own readiness. Not `/health/`, which waits a second for Celery each time.

use reqwest::Client;
use url::Url;

use super::http::{self, Answer};
use super::probe::Probe;
use super::reason::Reason;
use super::verdict::Verdict;

/// Asks Aurora's server.
pub struct AuroraProbe {
    client: Client,
    readiness: Url,
    address: String,
}

impl AuroraProbe {
    /// A probe of the server at `BACKEND_URL`.
    pub fn new(client: Client, mut base: Url) -> Self {
        let address =
            format!("{}:{}", base.host_str().unwrap_or_default(), base.port_or_known_default().unwrap_or(0));
        base.set_path("/health/readiness");
        base.set_query(None);
        Self { client, readiness: base, address }
    }
}

impl Probe for AuroraProbe {
    async fn check(&mut self) -> Verdict {
        let verdict = match http::get(&self.client, self.readiness.clone()).await {
            Ok(answer) => classify(&answer),
            Err(reason) => Verdict::unreachable("Aurora's server", &self.address, reason),
        };
        verdict.with("address", self.address.as_str())
    }
}

fn classify(answer: &Answer) -> Verdict {
    let said = answer.json.as_ref().and_then(|json| json["status"].as_str());
    let verdict = match (answer.status, said) {
        (200, Some("ready")) => Verdict::healthy("Aurora's server is ready."),
        (503, Some("not_ready")) => {
            Verdict::unhealthy(Reason::NotReady, "Aurora's server says that it is not ready.")
        }
        (503, _) => {
            Verdict::unhealthy(Reason::NotReady, "No Aurora server is ready behind this address (503).")
        }
        (429, _) => {
            Verdict::degraded(Reason::Unexpected, "Aurora's server limits the rate of its own health check.")
        }
        (status, _) => {
            let text = format!("Aurora's server gave an answer that makes no sense (status {status}).");
            Verdict::unhealthy(Reason::Unexpected, text)
        }
    };
    match answer.json.as_ref().and_then(|json| json.get("checks")).filter(|checks| checks.is_object()) {
        Some(checks) => verdict.with("checks", checks.clone()),
        None => verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::super::verdict::Status;
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn answers_are_judged() {
        let table: [(u16, Option<Value>, Status, Reason); 8] = [
            (200, Some(json!({"status": "ready"})), Status::Healthy, Reason::Ok),
            (503, Some(json!({"status": "not_ready"})), Status::Unhealthy, Reason::NotReady),
            (503, None, Status::Unhealthy, Reason::NotReady),
            (200, None, Status::Unhealthy, Reason::Unexpected),
            (200, Some(json!([])), Status::Unhealthy, Reason::Unexpected),
            (404, None, Status::Unhealthy, Reason::Unexpected),
            (500, Some(json!({"error": "x"})), Status::Unhealthy, Reason::Unexpected),
            (429, None, Status::Degraded, Reason::Unexpected),
        ];
        for (status, json, expected, reason) in table {
            let answer = Answer { status, json };
            let verdict = classify(&answer);
            assert_eq!((verdict.status, verdict.reason), (expected, reason), "{answer:?}");
        }
    }

    #[test]
    fn checks_of_the_server_are_passed_on() {
        let json = json!({"status": "not_ready", "checks": {"database": false}});
        let verdict = classify(&Answer { status: 503, json: Some(json) });
        assert_eq!(verdict.detail["checks"], json!({"database": false}));
    }
}
