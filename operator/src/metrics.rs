//! What the operator measures.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use aurora_mcp_plan::Step;

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
struct ReasonLabel {
    reason: String,
}

/// The operator's metrics; clones share their values.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    passes: Histogram,
    errors: Family<CategoryLabel, Counter>,
    steps: Family<StepLabel, Counter>,
    status_writes: Counter,
    tokens: Family<ReasonLabel, Gauge>,
    soonest_expiry: Gauge<f64, AtomicU64>,
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
            soonest_expiry: Gauge::default(),
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
        registry.register(
            "reconcile_duration_seconds",
            "Time of one pass over an McpToken",
            metrics.passes.clone(),
        );
        registry.register("reconcile_errors", "Failed passes by category", metrics.errors.clone());
        registry.register("steps", "Steps carried out, by name", metrics.steps.clone());
        registry.register("status_writes", "Statuses written", metrics.status_writes.clone());
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
        registry.register("leader", "1 if this replica is the leader", metrics.leader.clone());
        registry.register(
            "change_notifications",
            "1 if changes in Aurora's database are announced; 0: they are seen by resync",
            metrics.notified.clone(),
        );
        registry.register(
            "swept",
            "McpTokens whose rows were revoked because the resource was gone",
            metrics.swept.clone(),
        );
        metrics
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

    /// Replaces the counts of McpTokens by reason.
    pub(crate) fn count_tokens(&self, counts: &[(String, i64)], soonest_expiry: Option<i64>) {
        self.tokens.clear();
        for (reason, count) in counts {
            self.tokens.get_or_create(&ReasonLabel { reason: reason.clone() }).set(*count);
        }
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit a double for a long time")]
        self.soonest_expiry.set(soonest_expiry.unwrap_or(0) as f64);
    }
}
