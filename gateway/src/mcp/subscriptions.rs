//! `subscriptions/listen`: announces changes of health for as long as the stream is open (MCP 2026-07-28).
//!
//! Only that something changed is announced; what changed is read with a token like everything else.

use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use futures::stream::unfold;
use rmcp::model::{
    ErrorData, Implementation, NumberOrString, SubscriptionFilter, SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::stream;
use crate::edge::Admitted;
use crate::health::{Component, Report};
use crate::resources::HEALTH;

/// A stream ends by then, so that its token is looked at again.
const LIFETIME: Duration = Duration::from_secs(600);

/// One open subscription.
pub struct Subscription {
    id: NumberOrString,
    uris: Vec<String>,
    known: Arc<Report>,
    reports: watch::Receiver<Arc<Report>>,
    server: Implementation,
    stop: CancellationToken,
    end: Instant,
}

enum State {
    Opened(Subscription),
    Waiting(Subscription),
    Announcing(Subscription, Vec<String>),
    Ended,
}

impl Subscription {
    /// Reads the request and keeps what there is to subscribe to.
    pub fn new(
        id: NumberOrString,
        params: Option<&RawValue>,
        reports: watch::Receiver<Arc<Report>>,
        server: Implementation,
        stop: CancellationToken,
    ) -> Result<Self, ErrorData> {
        let params: SubscriptionsListenRequestParams =
            serde_json::from_str(params.map_or("{}", RawValue::get))
                .map_err(|error| ErrorData::invalid_params(format!("params: {error}"), None))?;
        let wanted = params.notifications.resource_subscriptions.unwrap_or_default();
        let uris = wanted.into_iter().filter(|uri| is_announced(uri)).collect();
        let known = reports.borrow().clone();
        Ok(Self { id, uris, known, reports, server, stop, end: Instant::now() + LIFETIME })
    }

    /// What is subscribed to.
    pub fn uris(&self) -> &[String] {
        &self.uris
    }

    /// The stream: an acknowledgement, announcements, and a result at a graceful end. It takes its token's turn with it.
    pub fn respond(self, admitted: Arc<Admitted>) -> Response {
        stream::events(unfold((State::Opened(self), admitted), |(state, admitted)| async move {
            let next = match state {
                State::Opened(open) => Some((open.acknowledgement(), State::Waiting(open))),
                State::Announcing(open, uris) => Some(open.announce(uris)),
                State::Waiting(open) => Some(open.wait().await),
                State::Ended => None,
            };
            next.map(|(text, state)| (text, (state, admitted)))
        }))
    }

    async fn wait(mut self) -> (String, State) {
        loop {
            let changed = tokio::select! {
                changed = self.reports.changed() => changed.is_ok(),
                () = self.stop.cancelled() => false,
                () = tokio::time::sleep_until(self.end) => false,
            };
            if !changed {
                return (self.result(), State::Ended);
            }
            let latest = self.reports.borrow_and_update().clone();
            let uris = changed_uris(&self.known, &latest, &self.uris);
            self.known = latest;
            if !uris.is_empty() {
                return self.announce(uris);
            }
        }
    }

    fn announce(self, mut uris: Vec<String>) -> (String, State) {
        let uri = uris.remove(0);
        let text = self.notification("notifications/resources/updated", json!({"uri": uri}));
        let next = if uris.is_empty() { State::Waiting(self) } else { State::Announcing(self, uris) };
        (text, next)
    }

    fn acknowledgement(&self) -> String {
        let accepted = SubscriptionFilter::builder().resource_subscriptions(self.uris.clone()).build();
        self.notification("notifications/subscriptions/acknowledged", json!({"notifications": accepted}))
    }

    fn notification(&self, method: &str, mut params: Value) -> String {
        params["_meta"] = json!({"io.modelcontextprotocol/subscriptionId": self.id});
        json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string()
    }

    fn result(&self) -> String {
        let mut result = SubscriptionsListenResult::complete(self.id.clone());
        result.meta.set_server_info(self.server.clone());
        json!({"jsonrpc": "2.0", "id": self.id, "result": result}).to_string()
    }
}

fn is_announced(uri: &str) -> bool {
    uri == HEALTH || component(uri).is_some()
}

fn component(uri: &str) -> Option<Component> {
    Component::from_name(uri.strip_prefix(HEALTH)?.strip_prefix('/')?)
}

/// The subscribed addresses that read differently now.
fn changed_uris(before: &Report, after: &Report, uris: &[String]) -> Vec<String> {
    let state = |report: &Report, component| {
        report.components.get(&component).map(|component| (component.status, component.reason))
    };
    let differs = |uri: &str| match component(uri) {
        Some(component) => state(before, component) != state(after, component),
        None => before.differs(after),
    };
    uris.iter().filter(|uri| differs(uri)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::health::Verdict;

    #[test]
    fn only_what_changed_is_announced() {
        let now = Timestamp::UNIX_EPOCH;
        let before = Report::pending(now);
        let after = before.with(Component::Redis, Verdict::healthy("fine"), 1, now);
        let uris: Vec<String> = ["aurora://health", "aurora://health/redis", "aurora://health/database"]
            .map(str::to_owned)
            .into();
        assert_eq!(changed_uris(&before, &after, &uris), ["aurora://health", "aurora://health/redis"]);
        assert_eq!(changed_uris(&after, &after, &uris), Vec::<String>::new());
    }

    #[test]
    fn only_health_can_be_subscribed_to() {
        for (uri, expected) in [
            ("aurora://health", true),
            ("aurora://health/celery", true),
            ("aurora://health/moon", false),
            ("aurora://health/", false),
            ("aurora://incidents/recent", false),
            ("aurora://healthy", false),
        ] {
            assert_eq!(is_announced(uri), expected, "{uri}");
        }
    }
}
