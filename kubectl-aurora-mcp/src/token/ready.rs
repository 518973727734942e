//! Waits until an McpToken is as wanted.

use std::io::Write;
use std::time::Duration;

use aurora_mcp_crds::McpToken;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use tokio::time::{Instant, sleep};

use crate::cluster::Cluster;
use crate::error::Error;
use crate::token::refusal::{Remedy, refusal, stays};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(250);

/// What is waited for.
pub(crate) struct Goal<'a> {
    pub(crate) name: &'a str,
    pub(crate) limit: Duration,
    /// What was just asked for: a refusal that it mends is an old one.
    pub(crate) asked: Option<Remedy>,
}

/// Until it is ready.
pub(crate) async fn wait(
    cluster: &Cluster,
    name: &str,
    limit: Duration,
    out: &mut dyn Write,
) -> Result<McpToken, Error> {
    let token = until(cluster, &Goal { name, limit, asked: None }, out, is_ready).await?;
    if let Some(warning) = warning(&token) {
        writeln!(out, "warning: {warning}")?;
    }
    Ok(token)
}

/// Until something holds, the operator refuses it for good, or the time is over. Says what it waits for.
pub(crate) async fn until(
    cluster: &Cluster,
    goal: &Goal<'_>,
    out: &mut dyn Write,
    holds: impl Fn(&McpToken) -> bool,
) -> Result<McpToken, Error> {
    let (mut heard, end) = (Heard::default(), Instant::now() + goal.limit);
    loop {
        let token = cluster.token(goal.name).await?;
        if holds(&token) {
            return Ok(token);
        }
        let now = Instant::now();
        heard.listen(&token, goal, &cluster.namespace, now, out)?;
        if now >= end {
            return Err(Error::NotReady {
                name: goal.name.to_owned(),
                namespace: cluster.namespace.clone(),
                waited: format!("{}s", goal.limit.as_secs()),
                why: why_not(&token),
            });
        }
        sleep(PAUSE).await;
    }
}

/// What the operator said last, and since when.
#[derive(Default)]
struct Heard(Option<(String, Instant)>);

impl Heard {
    /// Says why a token is not as wanted, once for each reason. Fails if it will stay so.
    fn listen(
        &mut self,
        token: &McpToken,
        goal: &Goal<'_>,
        namespace: &str,
        now: Instant,
        out: &mut dyn Write,
    ) -> Result<(), Error> {
        let refusal =
            refusal(token).filter(|no| goal.asked.is_none() || Remedy::of(&no.reason) != goal.asked);
        let Some(refusal) = refusal else { return Ok(()) };
        let why = why_not(token);
        let since = self.0.as_ref().filter(|(before, _)| *before == why).map(|(_, since)| *since);
        let lasting = since.map_or(Duration::ZERO, |since| now - since);
        if let Some(remedy) = stays(refusal, lasting, goal.asked.is_some()) {
            let hint = remedy.hint(namespace, goal.name);
            return Err(Error::Denied { name: goal.name.to_owned(), why, hint });
        }
        if since.is_none() {
            writeln!(out, "not ready yet: {why}")?;
            out.flush()?;
            self.0 = Some((why, now));
        }
        Ok(())
    }
}

/// What is wrong with a token that works all the same.
pub(crate) fn warning(token: &McpToken) -> Option<&str> {
    condition(token, "ToolsKnown").filter(|known| known.status != "True").map(|known| known.message.as_str())
}

/// The status speaks of this very spec, and says that the token can be used.
pub(crate) fn is_ready(token: &McpToken) -> bool {
    let observed = token.status.as_ref().and_then(|status| status.observed_generation);
    observed == token.metadata.generation
        && condition(token, "Ready").is_some_and(|ready| ready.status == "True")
}

/// One of its conditions.
pub(crate) fn condition<'a>(token: &'a McpToken, type_: &str) -> Option<&'a Condition> {
    token.status.as_ref()?.condition(type_)
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

    fn saying(status: &str, reason: &str) -> McpToken {
        let mut token = token(2, status);
        token.status.as_mut().unwrap().conditions[0].reason = reason.to_owned();
        token
    }

    /// What is said while the operator says one thing after another, and how it ends.
    fn listened(tokens: &[McpToken], asked: Option<Remedy>) -> (String, Result<(), Error>) {
        let (mut heard, mut out) = (Heard::default(), Vec::new());
        let goal = Goal { name: "laptop", limit: Duration::from_secs(60), asked };
        let mut listen = |token| heard.listen(token, &goal, "team", Instant::now(), &mut out);
        let ended = tokens.iter().try_for_each(&mut listen);
        (String::from_utf8(out).unwrap(), ended)
    }

    #[test]
    fn refusal_for_good_ends_the_wait_at_once_and_says_how_to_undo() {
        let (said, ended) = listened(&[saying("False", "UserNotFound")], None);
        let error = ended.unwrap_err();
        assert!(matches!(error, Error::Denied { .. }), "{error}");
        for words in ["UserNotFound: no such user", "kubectl delete mcptoken -n team laptop"] {
            assert!(error.to_string().contains(words), "{error}");
        }
        assert_eq!(said, "");
    }

    #[test]
    fn what_can_pass_is_said_once_and_waited_for() {
        let away = || saying("False", "DatabaseUnavailable");
        let (said, ended) = listened(&[away(), away(), saying("False", "InternalError")], None);
        assert!(ended.is_ok(), "{ended:?}");
        let lines: Vec<&str> = said.lines().collect();
        let expected = ["DatabaseUnavailable", "InternalError"];
        assert_eq!(lines, expected.map(|reason| format!("not ready yet: {reason}: no such user")));
    }

    #[test]
    fn refusal_that_was_just_answered_is_not_believed() {
        let revoked = [saying("False", "RevokedInAurora")];
        assert!(listened(&revoked, Some(Remedy::Rotate)).1.is_ok());
        let error = listened(&revoked, None).1.unwrap_err().to_string();
        assert!(error.contains("kubectl aurora-mcp rotate -n team laptop"), "{error}");
    }

    #[test]
    fn refusal_of_an_earlier_spec_is_not_believed() {
        assert!(listened(&[token(1, "False")], None).1.is_ok());
    }

    #[test]
    fn unknown_tools_are_warned_of() {
        let mut token = saying("True", "Ready");
        assert_eq!(warning(&token), None);
        let conditions = &mut token.status.as_mut().unwrap().conditions;
        let mut unknown = conditions[0].clone();
        unknown.type_ = "ToolsKnown".to_owned();
        unknown.status = "False".to_owned();
        unknown.message = "no tool is called list_incident".to_owned();
        conditions.push(unknown);
        assert_eq!(warning(&token), Some("no tool is called list_incident"));
    }
}
