//! One task for each component: check, publish, wait, for ever.

use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::component::Component;
use super::metrics::HealthMetrics;
use super::probe::Probe;
use super::reason::Reason;
use super::snapshot::Snapshot;
use super::verdict::Verdict;

/// How often a component is asked and how long it may take.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// From the end of a check to the begin of the next.
    pub interval: Duration,
    /// After this a check counts as timed out.
    pub limit: Duration,
}

/// Starts and owns the tasks.
#[derive(Debug)]
pub struct Runner {
    snapshot: Snapshot,
    metrics: HealthMetrics,
    tasks: JoinSet<()>,
}

impl Runner {
    /// A runner without components.
    pub fn new(snapshot: Snapshot, metrics: HealthMetrics) -> Self {
        Self { snapshot, metrics, tasks: JoinSet::new() }
    }

    /// Checks a component from now on.
    pub fn probe(&mut self, component: Component, pace: Pace, mut probe: impl Probe) {
        let (snapshot, metrics) = (self.snapshot.clone(), self.metrics.clone());
        self.tasks.spawn(async move {
            loop {
                let begun = Instant::now();
                let checked = tokio::time::timeout(pace.limit, probe.check()).await;
                let verdict = checked.unwrap_or_else(|_| {
                    let text = format!("No answer within {} s.", pace.limit.as_secs());
                    failing(component, Reason::Timeout, text)
                });
                publish(&snapshot, &metrics, component, verdict, begun.elapsed());
                tokio::time::sleep(pace.interval).await;
            }
        });
    }

    /// Publishes what will not change: the component is not asked.
    pub fn settle(&mut self, component: Component, verdict: Verdict) {
        publish(&self.snapshot, &self.metrics, component, verdict, Duration::ZERO);
    }
}

/// What cannot be asked at all, as bad as Aurora's rules make it: the workers and the cluster's view only degrade.
pub fn failing(component: Component, reason: Reason, text: String) -> Verdict {
    match component {
        Component::Celery | Component::Kubernetes => Verdict::degraded(reason, text),
        _ => Verdict::unhealthy(reason, text),
    }
}

#[expect(clippy::disallowed_methods, reason = "the moment at which a check ended")]
fn publish(
    snapshot: &Snapshot,
    metrics: &HealthMetrics,
    component: Component,
    verdict: Verdict,
    took: Duration,
) {
    metrics.set(component, verdict.status, took);
    let latency_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    if let Some(change) = snapshot.publish(component, verdict, latency_ms, Timestamp::now()) {
        tracing::info!(
            component = component.as_str(),
            status = change.status.as_str(),
            reason = ?change.reason,
            message = change.message,
            "component changed"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::verdict::Status;
    use super::*;
    use prometheus_client::registry::Registry;

    /// Gives its verdicts in turn, then hangs.
    struct Scripted(Vec<Verdict>);

    impl Probe for Scripted {
        async fn check(&mut self) -> Verdict {
            if self.0.is_empty() {
                std::future::pending::<()>().await;
            }
            self.0.remove(0)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_that_hangs_counts_as_timed_out() {
        let snapshot = Snapshot::new(Timestamp::UNIX_EPOCH);
        let mut runner = Runner::new(snapshot.clone(), HealthMetrics::register(&mut Registry::default()));
        let mut changes = snapshot.changes();
        let pace = Pace { interval: Duration::from_secs(5), limit: Duration::from_secs(8) };
        runner.probe(Component::Redis, pace, Scripted(vec![Verdict::healthy("fine")]));
        changes.changed().await.unwrap();
        assert_eq!(snapshot.report().components[&Component::Redis].status, Status::Healthy);
        changes.changed().await.unwrap();
        let redis = snapshot.report().components[&Component::Redis].clone();
        assert_eq!((redis.status, redis.reason), (Status::Unhealthy, Reason::Timeout));
        assert!(redis.hint.is_some());
    }
}
