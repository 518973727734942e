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
    let Goal { name, limit, asked } = *goal;
    let end = Instant::now() + limit;
    let mut said: Option<(String, Instant)> = None;
    loop {
        let token = cluster.token(name).await?;
        if holds(&token) {
            return Ok(token);
        }
        let (why, namespace, now) = (why_not(&token), cluster.namespace.clone(), Instant::now());
        let refusal = refusal(&token).filter(|no| asked.is_none() || Remedy::of(&no.reason) != asked);
        if let Some(refusal) = refusal {
            let since = said.as_ref().filter(|(before, _)| *before == why).map(|(_, since)| *since);
            if let Some(remedy) =
                stays(refusal, since.map_or(Duration::ZERO, |since| now - since), asked.is_some())
            {
                return Err(Error::Denied {
                    name: name.to_owned(),
                    why,
                    hint: remedy.hint(&namespace, name),
                });
            }
            if since.is_none() {
                writeln!(out, "not ready yet: {why}")?;
                out.flush()?;
                said = Some((why.clone(), now));
            }
        }
        if now >= end {
            let waited = format!("{}s", limit.as_secs());
            return Err(Error::NotReady { name: name.to_owned(), namespace, waited, why });
        }
        sleep(PAUSE).await;
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
    use serde_json::{Value, json};

    use super::*;
    use crate::api_server;

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

    const PATH: &str = "GET /apis/mcp.aurora-oss.dev/v1alpha1/namespaces/team/mcptokens/laptop";

    fn saying(status: &str, reason: &str) -> Value {
        let mut token = serde_json::to_value(token(2, status)).unwrap();
        token["status"]["conditions"][0]["reason"] = json!(reason);
        token
    }

    /// What was said while waiting, and how it ended.
    async fn waited(answers: &[Value], asked: Option<Remedy>) -> (String, Result<McpToken, Error>) {
        let answers: Vec<_> = answers.iter().map(|answer| (PATH, answer.clone())).collect();
        let (cluster, mut out) = (api_server::cluster(&answers).await, Vec::new());
        let goal = Goal { name: "laptop", limit: Duration::from_secs(60), asked };
        let ended = until(&cluster, &goal, &mut out, is_ready).await;
        (String::from_utf8(out).unwrap(), ended)
    }

    #[tokio::test]
    async fn refusal_for_good_ends_the_wait_at_once_and_says_how_to_undo() {
        let (said, ended) = waited(&[saying("False", "UserNotFound")], None).await;
        let error = ended.unwrap_err();
        assert!(matches!(error, Error::Denied { .. }), "{error}");
        for words in ["UserNotFound: no such user", "kubectl delete mcptoken -n team laptop"] {
            assert!(error.to_string().contains(words), "{error}");
        }
        assert_eq!(said, "");
    }

    #[tokio::test]
    async fn what_can_pass_is_said_once_and_waited_for() {
        let away = saying("False", "DatabaseUnavailable");
        let (said, ended) =
            waited(&[away.clone(), away, saying("False", "InternalError"), saying("True", "Ready")], None)
                .await;
        assert!(ended.is_ok(), "{ended:?}");
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(
            lines,
            [
                "not ready yet: DatabaseUnavailable: no such user",
                "not ready yet: InternalError: no such user"
            ]
        );
    }

    #[tokio::test]
    async fn refusal_that_was_just_answered_is_not_believed() {
        let answers = [saying("False", "RevokedInAurora"), saying("True", "Ready")];
        assert!(waited(&answers, Some(Remedy::Rotate)).await.1.is_ok());
        let error = waited(&answers, None).await.1.unwrap_err().to_string();
        assert!(error.contains("kubectl aurora-mcp rotate -n team laptop"), "{error}");
    }

    #[tokio::test]
    async fn refusal_of_an_earlier_spec_is_not_believed() {
        let earlier = serde_json::to_value(token(1, "False")).unwrap();
        assert!(waited(&[earlier, saying("True", "Ready")], None).await.1.is_ok());
    }

    #[tokio::test]
    async fn unknown_tools_are_warned_of() {
        let mut token = saying("True", "Ready");
        let mut unknown = token["status"]["conditions"][0].clone();
        unknown["type"] = json!("ToolsKnown");
        unknown["status"] = json!("False");
        unknown["message"] = json!("no tool is called list_incident");
        token["status"]["conditions"].as_array_mut().unwrap().push(unknown);
        let (cluster, mut out) = (api_server::cluster(&[(PATH, token)]).await, Vec::new());
        wait(&cluster, "laptop", Duration::ZERO, &mut out).await.unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "warning: no tool is called list_incident\n");
    }
}
