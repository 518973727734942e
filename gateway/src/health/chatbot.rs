//! The probe of Aurora's chatbot: its WebSocket port takes connections, and its health endpoint says yes.

use std::time::Duration;

use reqwest::Client;
use url::Url;

use super::config::ChatbotSettings;
use super::http::{self, Answer};
use super::probe::Probe;
use super::reach;
use super::reason::Reason;
use super::verdict::Verdict;

const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// Asks the chatbot.
pub struct ChatbotProbe {
    client: Client,
    settings: ChatbotSettings,
}

impl ChatbotProbe {
    /// A probe of the chatbot.
    pub fn new(client: Client, settings: ChatbotSettings) -> Self {
        Self { client, settings }
    }

    async fn health(&self) -> Result<Answer, Reason> {
        let ChatbotSettings { host, health_port, .. } = &self.settings;
        let url =
            Url::parse(&format!("http://{host}:{health_port}/health")).map_err(|_| Reason::Misconfigured)?;
        http::get(&self.client, url).await
    }
}

impl Probe for ChatbotProbe {
    async fn check(&mut self) -> Verdict {
        let ChatbotSettings { host, port, .. } = &self.settings;
        let address = format!("{host}:{port}");
        let verdict = match reach::tcp(host, *port, CONNECT_LIMIT).await {
            Ok(()) => classify(&self.health().await),
            Err(reason) => Verdict::unreachable("The chatbot", &address, reason),
        };
        verdict.with("address", address)
    }
}

/// Aurora counts only the connection; what the health endpoint adds is no more than degraded.
fn classify(health: &Result<Answer, Reason>) -> Verdict {
    match health {
        Ok(Answer { status: 200..=299, .. }) => Verdict::healthy("The chatbot accepts connections."),
        Ok(Answer { status, .. }) => {
            let text = format!("The chatbot accepts connections, but its health check answers {status}.");
            Verdict::degraded(Reason::NotReady, text)
        }
        Err(reason) => {
            let text = format!("The chatbot accepts connections, but its health check {}.", reason.phrase());
            Verdict::degraded(*reason, text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::verdict::Status;
    use super::*;

    #[test]
    fn a_failing_health_endpoint_only_degrades() {
        let answer = |status| Ok(Answer { status, json: None });
        let table = [
            (answer(200), Status::Healthy, Reason::Ok),
            (answer(503), Status::Degraded, Reason::NotReady),
            (Err(Reason::Refused), Status::Degraded, Reason::Refused),
        ];
        for (health, status, reason) in table {
            let verdict = classify(&health);
            assert_eq!((verdict.status, verdict.reason), (status, reason), "{health:?}");
        }
    }
}
