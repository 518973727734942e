//! What the gateway counts, for Prometheus. Labels come from finite sets only.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aurora_mcp_telemetry::metrics::Registry;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 20.0, 60.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CallLabels {
    method: String,
    target: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

/// Handles of all metrics. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Families>);

struct Families {
    calls: Family<CallLabels, Counter>,
    call_seconds: Histogram,
    upstream: Family<OutcomeLabels, Counter>,
    upstream_seconds: Histogram,
    authentications: Family<OutcomeLabels, Counter>,
    refused: Family<OutcomeLabels, Counter>,
    in_flight: Gauge,
    listening: Gauge,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

impl Metrics {
    /// Registers everything.
    pub fn new(registry: &mut Registry) -> Self {
        let families = Families {
            calls: Family::default(),
            call_seconds: seconds(),
            upstream: Family::default(),
            upstream_seconds: seconds(),
            authentications: Family::default(),
            refused: Family::default(),
            in_flight: Gauge::default(),
            listening: Gauge::default(),
        };
        registry.register("requests", "MCP requests by method, target and outcome", families.calls.clone());
        registry.register("request_seconds", "Duration of MCP requests", families.call_seconds.clone());
        registry.register("upstream_calls", "Calls of the Aurora API by outcome", families.upstream.clone());
        registry.register(
            "upstream_call_seconds",
            "Duration of calls of the Aurora API",
            families.upstream_seconds.clone(),
        );
        registry.register(
            "authentications",
            "Bearer tokens by what they turned out to be",
            families.authentications.clone(),
        );
        registry.register(
            "edge_refusals",
            "Requests refused before authentication",
            families.refused.clone(),
        );
        registry.register("requests_in_flight", "MCP requests being served", families.in_flight.clone());
        registry.register(
            "change_listener",
            "1 while changes of tokens are announced",
            families.listening.clone(),
        );
        Self(Arc::new(families))
    }

    /// An MCP request is done. `target` is a tool, prompt or resource family that exists, or empty.
    pub fn call(&self, method: &str, target: &str, outcome: &'static str, took: Duration) {
        let labels = CallLabels { method: method.to_owned(), target: target.to_owned(), outcome };
        self.0.calls.get_or_create(&labels).inc();
        self.0.call_seconds.observe(took.as_secs_f64());
    }

    /// A call of the Aurora API is done.
    pub fn upstream(&self, outcome: &'static str, took: Duration) {
        self.0.upstream.get_or_create(&OutcomeLabels { outcome }).inc();
        self.0.upstream_seconds.observe(took.as_secs_f64());
    }

    /// A token was looked at.
    pub fn authentication(&self, outcome: &'static str) {
        self.0.authentications.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// A request was refused at the edge.
    pub fn refusal(&self, outcome: &'static str) {
        self.0.refused.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// A request begins; it ends when the guard is dropped.
    pub fn in_flight(&self) -> InFlight {
        self.0.in_flight.inc();
        InFlight(self.0.in_flight.clone())
    }

    /// The change listener is connected, or not.
    pub fn listening(&self, connected: bool) {
        self.0.listening.set(i64::from(connected));
    }
}

/// Counts one request in flight while it lives.
pub struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
