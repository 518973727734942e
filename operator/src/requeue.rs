//! When to look again: each kind of trouble has its own rhythm.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aurora_mcp_crds::McpToken;
use kube::runtime::reflector::ObjectRef;

use crate::error::Category;

const AT_ONCE: Duration = Duration::from_millis(100);
const FIRST_OUTAGE: Duration = Duration::from_millis(500);
const LONGEST_OUTAGE: Duration = Duration::from_secs(60);
const ADMINISTRATOR: Duration = Duration::from_secs(60);

/// How long to wait after the nth failure in a row of a kind.
pub(crate) fn after_failure(category: Category, failures: u32) -> Duration {
    match category {
        Category::Conflict if failures <= 3 => AT_ONCE,
        Category::DatabaseUnavailable
        | Category::KubernetesUnavailable
        | Category::DatabaseSchema
        | Category::Internal
        | Category::Conflict => FIRST_OUTAGE.saturating_mul(1 << failures.min(8)).min(LONGEST_OUTAGE),
        Category::DatabaseForbidden | Category::KubernetesRefused => ADMINISTRATOR,
    }
}

/// Counts failures in a row, by resource.
#[derive(Debug, Default)]
pub(crate) struct Failures(Mutex<HashMap<ObjectRef<McpToken>, u32>>);

impl Failures {
    /// Notes a failure and says which in a row it is, from 1.
    pub(crate) fn note(&self, object: ObjectRef<McpToken>) -> u32 {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(object).or_default();
        *count = count.saturating_add(1);
        *count
    }

    /// Forgets the failures of a resource.
    pub(crate) fn clear(&self, object: &ObjectRef<McpToken>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(object);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_category_has_its_rhythm() {
        assert_eq!(after_failure(Category::Conflict, 1), AT_ONCE);
        assert!(after_failure(Category::Conflict, 4) > AT_ONCE, "a conflict that stays is no reason to spin");
        let outage = |n| after_failure(Category::DatabaseUnavailable, n);
        assert!(outage(1) < outage(2) && outage(2) < outage(3));
        assert_eq!(outage(40), LONGEST_OUTAGE);
        assert_eq!(
            after_failure(Category::DatabaseForbidden, 1),
            after_failure(Category::DatabaseForbidden, 9)
        );
    }

    #[test]
    fn hour_of_outage_costs_a_token_no_more_than_seventy_passes() {
        let mut passes = 0;
        let mut waited = Duration::ZERO;
        while waited < Duration::from_secs(3600) {
            passes += 1;
            waited += after_failure(Category::DatabaseUnavailable, passes);
        }
        assert!((60..70).contains(&passes), "{passes}");
    }

    #[test]
    fn failures_are_counted_by_resource_and_forgotten() {
        let failures = Failures::default();
        let (a, b) = (ObjectRef::new("a").within("n"), ObjectRef::new("b").within("n"));
        assert_eq!((failures.note(a.clone()), failures.note(a.clone()), failures.note(b)), (1, 2, 1));
        failures.clear(&a);
        assert_eq!(failures.note(a), 1);
    }
}
