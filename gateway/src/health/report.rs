//! What a client reads: every component's last verdict, and the overall status by Aurora's rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::component::Component;
use super::hint::hint;
use super::reason::Reason;
use super::verdict::{Status, Verdict};

/// The state of everything at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Healthy, degraded or unhealthy.
    pub overall_status: Status,
    /// When a component was last checked.
    pub timestamp: Timestamp,
    /// Every component, configured or not.
    pub components: BTreeMap<Component, Arc<ComponentReport>>,
}

/// The state of one component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComponentReport {
    /// How it is.
    pub status: Status,
    /// Why.
    pub reason: Reason,
    /// One sentence for a person.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<&'static str>,
    /// How long the last check took, in milliseconds.
    pub latency_ms: u64,
    /// Since when status and reason are what they are.
    pub since: Timestamp,
    /// When it was last checked.
    pub checked_at: Timestamp,
    /// Facts: versions, roles, counts, names.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub detail: Map<String, Value>,
}

impl Report {
    /// Before any check: everything is pending.
    pub fn pending(now: Timestamp) -> Self {
        let one = |component| {
            (component, Arc::new(ComponentReport::new(component, Verdict::pending(), 0, now, now)))
        };
        let components = BTreeMap::from(Component::ALL.map(one));
        Self { overall_status: overall(Component::ALL.map(|_| Status::Pending)), timestamp: now, components }
    }

    /// The report after a check of one component.
    #[must_use]
    pub fn with(&self, component: Component, verdict: Verdict, latency_ms: u64, now: Timestamp) -> Self {
        let since = match self.components.get(&component) {
            Some(last) if (last.status, last.reason) == (verdict.status, verdict.reason) => last.since,
            _ => now,
        };
        let mut components = self.components.clone();
        let latest = ComponentReport::new(component, verdict, latency_ms, since, now);
        components.insert(component, Arc::new(latest));
        let overall_status = overall(components.values().map(|component| component.status));
        Self { overall_status, timestamp: now, components }
    }

    /// Whether anything but times and latencies differs: what a subscriber wants to hear of.
    pub fn differs(&self, other: &Self) -> bool {
        let states = |report: &Self| {
            report
                .components
                .values()
                .map(|component| (component.status, component.reason))
                .collect::<Vec<_>>()
        };
        states(self) != states(other)
    }
}

impl ComponentReport {
    fn new(
        component: Component,
        verdict: Verdict,
        latency_ms: u64,
        since: Timestamp,
        now: Timestamp,
    ) -> Self {
        let Verdict { status, reason, message, detail } = verdict;
        let hint = hint(component, reason);
        Self { status, reason, message, hint, latency_ms, since, checked_at: now, detail }
    }
}

/// Aurora's rule: the worst counts. What is not configured doesn't, and what is not known yet is no more than degraded.
fn overall(statuses: impl IntoIterator<Item = Status>) -> Status {
    let rank = |status: &Status| match status {
        Status::NotConfigured | Status::Healthy => 0,
        Status::Pending | Status::Degraded => 1,
        Status::Unhealthy => 2,
    };
    match statuses.into_iter().map(|status| rank(&status)).max() {
        Some(2) => Status::Unhealthy,
        Some(1) => Status::Degraded,
        _ => Status::Healthy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_worst_component_decides() {
        use Status::{Degraded, Healthy, NotConfigured, Pending, Unhealthy};
        let table: &[(&[Status], Status)] = &[
            (&[], Healthy),
            (&[Healthy, NotConfigured], Healthy),
            (&[NotConfigured, NotConfigured], Healthy),
            (&[Healthy, Degraded], Degraded),
            (&[Healthy, Pending], Degraded),
            (&[Degraded, Unhealthy, Healthy], Unhealthy),
        ];
        for (statuses, expected) in table {
            assert_eq!(overall(statuses.iter().copied()), *expected, "{statuses:?}");
        }
    }

    #[test]
    fn since_is_kept_while_nothing_changes_and_moves_when_the_reason_does() {
        let refused = || Verdict::unreachable("Redis", "redis:6379/0", Reason::Refused);
        let first = Report::pending(at(0)).with(Component::Redis, refused(), 1, at(10));
        let second = first.with(Component::Redis, refused(), 2, at(20));
        let redis = &second.components[&Component::Redis];
        assert_eq!((redis.since, redis.checked_at, redis.latency_ms), (at(10), at(20), 2));
        assert!(!second.differs(&first));
        let third =
            second.with(Component::Redis, Verdict::unreachable("Redis", "x", Reason::Timeout), 3, at(30));
        assert_eq!(third.components[&Component::Redis].since, at(30));
        assert!(third.differs(&second));
    }

    #[test]
    fn a_report_reads_as_clients_expect() {
        let mut report = Report::pending(at(0));
        for component in Component::ALL {
            report = report.with(component, Verdict::not_configured("No address."), 0, at(5));
        }
        let lost = Verdict::degraded(Reason::NoWorkers, "No Celery worker is connected.").with("workers", 0);
        let json = serde_json::to_value(report.with(Component::Celery, lost, 7, at(6))).unwrap();
        assert_eq!(json["overall_status"], "degraded");
        assert_eq!(json["components"]["celery"]["status"], "degraded");
        assert_eq!(json["components"]["celery"]["reason"], "no_workers");
        assert_eq!(json["components"]["celery"]["detail"]["workers"], 0);
        assert_eq!(json["components"]["celery"]["since"], "1970-01-01T00:00:06Z");
        assert!(json["components"]["celery"]["hint"].as_str().unwrap().contains("workers"));
        assert_eq!(json["components"]["aurora_api"]["status"], "not_configured");
        assert_eq!(json["components"].as_object().unwrap().len(), Component::ALL.len());
    }
}
