//! The last report: written by the runner, read by everybody at no cost.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;

use super::component::Component;
use super::report::{ComponentReport, Report};
use super::verdict::Verdict;

/// Shared between the tasks that check and those that read. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Snapshot {
    latest: Arc<watch::Sender<Arc<Report>>>,
}

impl Snapshot {
    /// Everything is pending.
    pub fn new(now: Timestamp) -> Self {
        Self { latest: Arc::new(watch::Sender::new(Arc::new(Report::pending(now)))) }
    }

    /// The last report.
    pub fn report(&self) -> Arc<Report> {
        Arc::clone(&self.latest.borrow())
    }

    /// Tells of every change of a status or reason, and of nothing else.
    pub fn changes(&self) -> watch::Receiver<Arc<Report>> {
        self.latest.subscribe()
    }

    /// Puts a verdict into the report. Returns the component when its status or reason changed.
    pub fn publish(
        &self,
        component: Component,
        verdict: Verdict,
        latency_ms: u64,
        now: Timestamp,
    ) -> Option<Arc<ComponentReport>> {
        let mut changed = None;
        self.latest.send_if_modified(|latest| {
            let next = latest.with(component, verdict, latency_ms, now);
            if next.differs(latest) {
                changed = next.components.get(&component).cloned();
            }
            *latest = Arc::new(next);
            changed.is_some()
        });
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscribers_hear_of_changes_only_but_readers_see_every_check() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let snapshot = Snapshot::new(at(0));
        let mut changes = snapshot.changes();
        assert!(snapshot.publish(Component::Redis, Verdict::healthy("a"), 1, at(1)).is_some());
        assert!(changes.has_changed().unwrap());
        changes.mark_unchanged();
        assert!(snapshot.publish(Component::Redis, Verdict::healthy("b"), 2, at(2)).is_none());
        assert!(!changes.has_changed().unwrap());
        assert_eq!(snapshot.report().components[&Component::Redis].latency_ms, 2);
    }
}
