//! Counts the McpTokens: how they are, when they end, and which are stuck.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aurora_mcp_crds::McpToken;
use aurora_mcp_plan::is_foreign;
use jiff::{SignedDuration, Timestamp};
use kube::runtime::reflector;

use crate::chance;
use crate::context::Context;

const EVERY: Duration = Duration::from_secs(15);
/// What has not come about after this long needs somebody's eye.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);
/// A token that was used more recently than this is in use.
const IN_USE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The spans in which tokens that end are counted, with their label.
pub(crate) const SPANS: [(&str, SignedDuration); 3] = [
    ("24h", SignedDuration::from_hours(24)),
    ("7d", SignedDuration::from_hours(7 * 24)),
    ("30d", SignedDuration::from_hours(30 * 24)),
];

/// What a count found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Census {
    /// McpTokens by the reason of their Ready condition.
    pub(crate) by_reason: BTreeMap<String, i64>,
    /// Not as their spec says for some minutes, for no reason that lies in the spec.
    pub(crate) stuck: i64,
    /// Ready ones that end within each of [`SPANS`].
    pub(crate) expiring: [i64; SPANS.len()],
    /// Those of them that somebody used lately.
    pub(crate) expiring_in_use: [i64; SPANS.len()],
    /// When the next of the ready ones ends.
    pub(crate) soonest_expiry: Option<Timestamp>,
    /// Served by another installation; counted nowhere else.
    pub(crate) foreign: i64,
}

/// Counts every few seconds.
pub(crate) async fn regularly(context: Arc<Context>) {
    loop {
        tokio::time::sleep(EVERY).await;
        let tokens: Vec<_> = context.tokens.iter().flat_map(reflector::Store::state).collect();
        let census = count(tokens.iter().map(AsRef::as_ref), &context.config.installation, chance::now());
        context.metrics.count(&census);
    }
}

fn count<'a>(tokens: impl Iterator<Item = &'a McpToken>, installation: &str, now: Timestamp) -> Census {
    let mut census = Census::default();
    for token in tokens {
        if is_foreign(token, installation) {
            census.foreign += 1;
            continue;
        }
        let status = token.status.as_ref();
        let ready = status.and_then(|status| status.condition("Ready"));
        let reason = ready.map_or("Pending", |condition| condition.reason.as_str());
        *census.by_reason.entry(reason.to_owned()).or_default() += 1;
        census.stuck += i64::from(is_stuck(token, reason, now));
        let expires = status.and_then(|status| status.expires_at.as_ref());
        let used = status.and_then(|status| status.last_used_at.as_ref());
        let in_use = used.is_some_and(|used| now.duration_since(used.0) <= IN_USE);
        let in_force = ready.is_some_and(|condition| condition.status == "True");
        if let Some(expires) = expires.filter(|_| in_force) {
            census.soonest_expiry =
                Some(census.soonest_expiry.map_or(expires.0, |soonest| soonest.min(expires.0)));
            for (index, (_, span)) in SPANS.into_iter().enumerate() {
                let soon = expires.0.duration_since(now) <= span;
                census.expiring[index] += i64::from(soon);
                census.expiring_in_use[index] += i64::from(soon && in_use);
            }
        }
    }
    census
}

/// A pass is owed: the McpToken is new or going, its spec was changed, or the last pass met a fault that is not the user's.
fn is_stuck(token: &McpToken, reason: &str, now: Timestamp) -> bool {
    let waits = |since: Timestamp| now.duration_since(since) > PATIENCE;
    if let Some(deleted) = &token.metadata.deletion_timestamp {
        return waits(deleted.0);
    }
    let status = token.status.as_ref();
    let observed = status.and_then(|status| status.observed_generation);
    let ready = status.and_then(|status| status.condition("Ready"));
    let since = ready.map(|ready| ready.last_transition_time.0);
    let created = token.metadata.creation_timestamp.as_ref().map(|time| time.0);
    let fault = matches!(
        reason,
        "DatabaseUnavailable"
            | "DatabaseForbidden"
            | "DatabaseSchemaMissing"
            | "KubernetesRefused"
            | "InternalError"
    );
    let owed = observed != token.metadata.generation;
    (owed || fault || reason == "Pending") && since.or(created).is_some_and(waits)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn token(ready: Option<(&str, &str)>, change: &Value) -> McpToken {
        let conditions: Vec<_> = ready
            .iter()
            .map(|(status, reason)| {
                json!({"type": "Ready", "status": status, "reason": reason, "message": "",
                       "lastTransitionTime": "2026-01-01T00:00:00Z"})
            })
            .collect();
        let mut token = json!({
            "apiVersion": "mcp.aurora-oss.dev/v1alpha1", "kind": "McpToken", "spec": {"user": {"id": "u"}},
            "metadata": {"name": "t", "generation": 1, "creationTimestamp": "2026-01-01T00:00:00Z"},
            "status": {"conditions": conditions, "observedGeneration": 1},
        });
        json_patch(&mut token, change);
        serde_json::from_value(token).unwrap()
    }

    fn json_patch(to: &mut Value, change: &Value) {
        for (key, value) in change.as_object().cloned().unwrap_or_default() {
            if value.is_object() { json_patch(&mut to[key], &value) } else { to[key] = value }
        }
    }

    fn stuck_after(token: &McpToken, minutes: i64) -> i64 {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        count([token].into_iter(), "test", now + SignedDuration::from_mins(minutes)).stuck
    }

    #[test]
    fn what_is_owed_for_long_is_stuck_and_what_the_user_wants_is_not() {
        for (token, stuck) in [
            (token(Some(("True", "Ready")), &json!({})), 0),
            (token(Some(("False", "Suspended")), &json!({})), 0),
            (token(Some(("False", "UserNotFound")), &json!({})), 0),
            (token(Some(("False", "DatabaseUnavailable")), &json!({})), 1),
            (token(Some(("False", "InternalError")), &json!({})), 1),
            (token(None, &json!({})), 1),
            (token(Some(("True", "Ready")), &json!({"metadata": {"generation": 2}})), 1),
            (
                token(
                    Some(("True", "Ready")),
                    &json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}),
                ),
                1,
            ),
        ] {
            assert_eq!((stuck_after(&token, 4), stuck_after(&token, 6)), (0, stuck), "{token:?}");
        }
    }

    #[test]
    fn tokens_are_counted_by_reason_and_by_their_end_and_foreign_ones_apart() {
        let ends = |time: &str| json!({"status": {"expiresAt": time}});
        let foreign = json!({"metadata": {"annotations": {"mcp.aurora-oss.dev/installation": "other"}}});
        let ends_and_used = |end: &str, used: &str| json!({"status": {"expiresAt": end, "lastUsedAt": used}});
        let tokens = [
            token(Some(("True", "Ready")), &ends_and_used("2026-01-01T12:00:00Z", "2025-12-20T00:00:00Z")),
            token(Some(("True", "Ready")), &ends_and_used("2026-01-05T00:00:00Z", "2025-12-30T00:00:00Z")),
            token(Some(("True", "Ready")), &json!({})),
            token(Some(("False", "Expired")), &ends("2026-01-01T01:00:00Z")),
            token(Some(("True", "Ready")), &foreign),
        ];
        let census = count(tokens.iter(), "test", "2026-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(census.by_reason, BTreeMap::from([("Ready".to_owned(), 3), ("Expired".to_owned(), 1)]));
        assert_eq!((census.expiring, census.foreign), ([1, 2, 2], 1));
        assert_eq!(census.expiring_in_use, [0, 1, 1], "a token that nobody used for a week may end");
        assert_eq!(census.soonest_expiry, Some("2026-01-01T12:00:00Z".parse().unwrap()));
    }
}
