//! Waits until an McpToken is as wanted.

use std::time::Duration;

use aurora_mcp_crds::McpToken;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use tokio::time::{Instant, sleep};

use crate::cluster::Cluster;
use crate::error::Error;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(250);

/// Until it is ready.
pub(crate) async fn wait(cluster: &Cluster, name: &str, limit: Duration) -> Result<McpToken, Error> {
    until(cluster, name, limit, is_ready).await
}

/// Until something holds, or the time is over.
pub(crate) async fn until(
    cluster: &Cluster,
    name: &str,
    limit: Duration,
    holds: impl Fn(&McpToken) -> bool,
) -> Result<McpToken, Error> {
    let end = Instant::now() + limit;
    loop {
        let token = cluster.token(name).await?;
        if holds(&token) {
            return Ok(token);
        }
        if Instant::now() >= end {
            return Err(Error::NotReady {
                name: name.to_owned(),
                waited: format!("{}s", limit.as_secs()),
                why: why_not(&token),
            });
        }
        sleep(PAUSE).await;
    }
}

/// The status speaks of this very spec, and says that the token can be used.
pub(crate) fn is_ready(token: &McpToken) -> bool {
    let observed = token.status.as_ref().and_then(|status| status.observed_generation);
    observed == token.metadata.generation
        && condition(token, "Ready").is_some_and(|ready| ready.status == "True")
}

/// One of its conditions.
pub(crate) fn condition<'a>(token: &'a McpToken, type_: &str) -> Option<&'a Condition> {
    token.status.as_ref()?.conditions.iter().find(|condition| condition.type_ == type_)
}

/// What the operator says, if it says anything.
pub(crate) fn why_not(token: &McpToken) -> String {
    match condition(token, "Ready") {
        Some(ready) if ready.status == "True" => "the operator hasn't seen the last change yet".to_owned(),
        Some(ready) => format!("{}: {}", ready.reason, ready.message),
        None => "the operator hasn't looked at it; does it run, and does it watch this namespace?".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(observed: i64, ready: &str) -> McpToken {
        serde_json::from_value(json!({
            "apiVersion": "mcp.aurora-oss.dev/v1alpha1", "kind": "McpToken",
            "metadata": {"name": "laptop", "generation": 2},
            "spec": {"user": {"id": "1"}},
            "status": {"observedGeneration": observed, "conditions": [{
                "type": "Ready", "status": ready, "reason": "UserNotFound", "message": "no such user",
                "lastTransitionTime": "2026-01-01T00:00:00Z"}]},
        }))
        .unwrap()
    }

    #[test]
    fn status_of_an_earlier_spec_is_not_ready() {
        assert!(is_ready(&token(2, "True")));
        assert!(!is_ready(&token(1, "True")));
        assert!(!is_ready(&token(2, "False")));
    }

    #[test]
    fn the_operators_reason_is_passed_on() {
        assert_eq!(why_not(&token(2, "False")), "UserNotFound: no such user");
        let mut silent = token(2, "False");
        silent.status = None;
        assert!(why_not(&silent).contains("does it run"));
    }
}
