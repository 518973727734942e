//! What the operator measures.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use aurora_mcp_plan::{Reason, Step};

use crate::census::{Census, SPANS};
use crate::error::Category;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CategoryLabel {
    category: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StepLabel {
    step: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SpanLabel {
    within: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabel {
    operation: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

/// The operator's metrics; clones share their values.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    passes: Histogram,
    errors: Family<CategoryLabel, Counter>,
    steps: Family<StepLabel, Counter>,
    status_writes: Counter,
    tokens: Family<ReasonLabel, Gauge>,
    stuck: Gauge,
    foreign: Gauge,
    expiring: Family<SpanLabel, Gauge>,
    expiring_in_use: Family<SpanLabel, Gauge>,
    soonest_expiry: Gauge<f64, AtomicU64>,
    database: Family<OperationLabel, Histogram>,
    pub(crate) queue_depth: Gauge,
    pub(crate) passes_in_flight: Gauge,
    pub(crate) missing_grants: Gauge,
    pub(crate) leader: Gauge,
    pub(crate) notified: Gauge,
    swept: Counter,
}

impl Metrics {
    /// Registers all series, at zero where that is meaningful.
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            passes: Histogram::new(exponential_buckets(0.001, 2.0, 14)),
            errors: Family::default(),
            steps: Family::default(),
            status_writes: Counter::default(),
            tokens: Family::default(),
            stuck: Gauge::default(),
            foreign: Gauge::default(),
            expiring: Family::default(),
            expiring_in_use: Family::default(),
            soonest_expiry: Gauge::default(),
            database: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.0005, 2.0, 14))),
            queue_depth: Gauge::default(),
            passes_in_flight: Gauge::default(),
            missing_grants: Gauge::default(),
            leader: Gauge::default(),
            notified: Gauge::default(),
            swept: Counter::default(),
        };
        for category in Category::ALL {
            drop(metrics.errors.get_or_create(&CategoryLabel { category: category.as_str() }));
        }
        for step in Step::NAMES {
            drop(metrics.steps.get_or_create(&StepLabel { step }));
        }
        for (within, _) in SPANS {
            drop(metrics.expiring.get_or_create(&SpanLabel { within }));
            drop(metrics.expiring_in_use.get_or_create(&SpanLabel { within }));
        }
        for operation in ["read", "write"] {
            drop(metrics.database.get_or_create(&OperationLabel { operation }));
        }
        metrics.register_work(registry);
        metrics.register_state(registry);
        metrics
    }

    /// What the operator does.
    fn register_work(&self, registry: &mut Registry) {
        let metrics = self;
        registry.register(
            "reconcile_duration_seconds",
            "Time of one pass over an McpToken",
            metrics.passes.clone(),
        );
        registry.register("reconcile_errors", "Failed passes by category", metrics.errors.clone());
        registry.register("steps", "Steps carried out, by name", metrics.steps.clone());
        registry.register("status_writes", "Statuses written", metrics.status_writes.clone());
        registry.register(
            "database_duration_seconds",
            "Time of one reading or change of a token's rows",
            metrics.database.clone(),
        );
        registry.register("queue_depth", "McpTokens that wait for a pass", metrics.queue_depth.clone());
        registry.register("passes_in_flight", "Passes that run now", metrics.passes_in_flight.clone());
        registry.register(
            "swept",
            "McpTokens whose rows were revoked because the resource was gone",
            metrics.swept.clone(),
        );
    }

    /// How things are.
    fn register_state(&self, registry: &mut Registry) {
        let metrics = self;
        registry.register(
            "tokens",
            "McpTokens by the reason of their Ready condition",
            metrics.tokens.clone(),
        );
        registry.register(
            "soonest_expiry_timestamp_seconds",
            "When the next of the tokens in force expires; 0: none does",
            metrics.soonest_expiry.clone(),
        );
        registry.register(
            "tokens_stuck",
            "McpTokens that wait for minutes for what their spec doesn't stand against",
            metrics.stuck.clone(),
        );
        registry.register(
            "tokens_expiring",
            "Tokens in force that expire within the span",
            metrics.expiring.clone(),
        );
        registry.register(
            "tokens_expiring_in_use",
            "Tokens in force that expire within the span and were used in the last seven days",
            metrics.expiring_in_use.clone(),
        );
        registry.register(
            "foreign_tokens",
            "McpTokens in sight that another installation serves",
            metrics.foreign.clone(),
        );
        registry.register(
            "missing_grants",
            "Grants that the operator's database role lacks; the log names them",
            metrics.missing_grants.clone(),
        );
        registry.register("leader", "1 if this replica is the leader", metrics.leader.clone());
        registry.register(
            "change_notifications",
            "1 if changes in Aurora's database are announced and heard; 0: they are seen by polling",
            metrics.notified.clone(),
        );
    }

    pub(crate) fn passed(&self, took: Duration) {
        self.passes.observe(took.as_secs_f64());
    }

    pub(crate) fn failed(&self, category: Category) {
        self.errors.get_or_create(&CategoryLabel { category: category.as_str() }).inc();
    }

    pub(crate) fn stepped(&self, step: &'static str) {
        self.steps.get_or_create(&StepLabel { step }).inc();
    }

    pub(crate) fn wrote_status(&self) {
        self.status_writes.inc();
    }

    pub(crate) fn swept(&self) {
        self.swept.inc();
    }

    pub(crate) fn database(&self, operation: &'static str, took: Duration) {
        self.database.get_or_create(&OperationLabel { operation }).observe(took.as_secs_f64());
    }

    /// Replaces the counts of McpTokens. A reason that nobody has any more stays, at zero.
    pub(crate) fn count(&self, census: &Census) {
        for reason in Reason::ALL.map(Reason::as_str).into_iter().chain(["Pending"]) {
            let count = census.by_reason.get(reason).copied().unwrap_or(0);
            self.tokens.get_or_create(&ReasonLabel { reason }).set(count);
        }
        for (index, (within, _)) in SPANS.into_iter().enumerate() {
            self.expiring.get_or_create(&SpanLabel { within }).set(census.expiring[index]);
            self.expiring_in_use.get_or_create(&SpanLabel { within }).set(census.expiring_in_use[index]);
        }
        self.stuck.set(census.stuck);
        self.foreign.set(census.foreign);
        let soonest_expiry = census.soonest_expiry.map(jiff::Timestamp::as_second);
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit a double for a long time")]
        self.soonest_expiry.set(soonest_expiry.unwrap_or(0) as f64);
    }
}

#[cfg(test)]
mod tests {
    use aurora_mcp_telemetry::metrics::registry;
    use prometheus_client::encoding::text::encode;

    use super::*;

    #[test]
    fn every_series_is_there_before_its_first_case_and_follows_its_value() {
        let mut registry = registry("aurora_mcp_operator");
        let metrics = Metrics::register(&mut registry);
        metrics.passed(Duration::from_millis(3));
        metrics.database("read", Duration::from_millis(2));
        metrics.failed(Category::Conflict);
        let census = Census { stuck: 2, expiring: [1, 2, 3], foreign: 4, ..Census::default() };
        metrics.count(&Census {
            by_reason: std::collections::BTreeMap::from([("Ready".to_owned(), 7)]),
            ..census
        });
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in [
            "reconcile_duration_seconds_count 1",
            "reconcile_errors_total{category=\"conflict\"} 1",
            "reconcile_errors_total{category=\"database-forbidden\"} 0",
            "steps_total{step=\"register-row\"} 0",
            "database_duration_seconds_count{operation=\"read\"} 1",
            "database_duration_seconds_count{operation=\"write\"} 0",
            "queue_depth 0",
            "passes_in_flight 0",
            "tokens{reason=\"Ready\"} 7",
            "tokens{reason=\"RevokedInAurora\"} 0",
            "tokens_stuck 2",
            "tokens_expiring{within=\"7d\"} 2",
            "foreign_tokens 4",
            "missing_grants 0",
            "change_notifications 0",
            "leader 0",
        ] {
            let line = format!("aurora_mcp_operator_{line}");
            assert!(text.lines().any(|there| there == line), "{line} is not in\n{text}");
        }
    }
}
