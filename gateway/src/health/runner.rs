//! One task for each component: check, publish, wait, for ever.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

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

/// Starts the tasks, which end between two checks: one that is cut off may leave something behind.
#[derive(Debug)]
pub struct Runner {
    snapshot: Snapshot,
    metrics: HealthMetrics,
    tasks: TaskTracker,
    end: CancellationToken,
}

impl Runner {
    /// A runner without components.
    pub fn new(snapshot: Snapshot, metrics: HealthMetrics) -> Self {
        Self { snapshot, metrics, tasks: TaskTracker::new(), end: CancellationToken::new() }
    }

    /// Checks a component from now on.
    pub fn probe(&self, component: Component, pace: Pace, mut probe: impl Probe) {
        let (snapshot, metrics, end) = (self.snapshot.clone(), self.metrics.clone(), self.end.clone());
        self.tasks.spawn(async move {
            while !end.is_cancelled() {
                let begun = Instant::now();
                let checked = tokio::time::timeout(pace.limit, probe.check()).await;
                let verdict = checked.unwrap_or_else(|_| {
                    let text = format!("No answer within {} s.", pace.limit.as_secs());
                    failing(component, Reason::Timeout, text)
                });
                publish(&snapshot, &metrics, component, verdict, begun.elapsed());
                end.run_until_cancelled(tokio::time::sleep(pace.interval)).await;
            }
        });
    }

    /// Publishes what will not change: the component is not asked.
    pub fn settle(&self, component: Component, verdict: Verdict) {
        publish(&self.snapshot, &self.metrics, component, verdict, Duration::ZERO);
    }

    /// Checks no more, once the checks under way are done.
    pub async fn end(&self) {
        self.end.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.end.cancel();
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
    use tokio::sync::watch;

    const PACE: Pace = Pace { interval: Duration::from_secs(5), limit: Duration::from_secs(8) };

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
        let runner = Runner::new(snapshot.clone(), HealthMetrics::register(&mut Registry::default()));
        let mut changes = snapshot.changes();
        runner.probe(Component::Redis, PACE, Scripted(vec![Verdict::healthy("fine")]));
        changes.changed().await.unwrap();
        assert_eq!(snapshot.report().components[&Component::Redis].status, Status::Healthy);
        changes.changed().await.unwrap();
        let redis = snapshot.report().components[&Component::Redis].clone();
        assert_eq!((redis.status, redis.reason), (Status::Unhealthy, Reason::Timeout));
        assert!(redis.hint.is_some());
    }
    /// Takes a second, and says when it is done.
    struct Lasting(watch::Sender<u32>);

    impl Probe for Lasting {
        async fn check(&mut self) -> Verdict {
            tokio::time::sleep(Duration::from_secs(1)).await;
            self.0.send_modify(|done| *done += 1);
            Verdict::healthy("fine")
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_under_way_is_done_at_the_end_and_none_begins() {
        let snapshot = Snapshot::new(Timestamp::UNIX_EPOCH);
        let runner = Runner::new(snapshot, HealthMetrics::register(&mut Registry::default()));
        let (done, count) = watch::channel(0);
        runner.probe(Component::Celery, PACE, Lasting(done));
        tokio::task::yield_now().await;
        runner.end().await;
        assert_eq!(*count.borrow(), 1);
        tokio::time::sleep(PACE.interval * 2).await;
        assert_eq!(*count.borrow(), 1);
    }
}
