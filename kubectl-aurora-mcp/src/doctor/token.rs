//! The hops of one token: resource, Secret, row, Service, and then the route of a call.

use aurora_mcp_crds::McpToken;

use crate::cli::Doctor;
use crate::cluster::Cluster;
use crate::doctor::finding::{Finding, TOKENS};
use crate::doctor::operator::{self, Place};
use crate::doctor::{installation, route};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::seen::Seen;
use crate::token::chain::{self, Chain};
use crate::token::refusal::{Remedy, refusal};
use crate::token::{bearer, ready};

pub(super) async fn examine(cluster: &Cluster, name: &str, wanted: &Doctor) -> Vec<Finding> {
    let chain = match chain::gather(cluster, name).await {
        Ok(chain) => chain,
        Err(error) => {
            let finding = Finding::failed("resource", error.to_string());
            return vec![finding.hint("check name and namespace", "docs/kubectl-plugin.md")];
        }
    };
    let told = wanted.gateway_namespace.as_deref();
    let gateway = Gateway::of(cluster, &chain.token, told).await;
    let home = gateway.as_ref().ok().map(|gateway| gateway.namespace.as_str());
    let place = Place::of(Some(&chain.token), told, home, &cluster.namespace);
    let mut findings = operator::examine(cluster, &place).await;
    findings.push(resource(&chain.token));
    findings.extend(tools(&chain.token));
    findings.extend([secret(&chain), row(&chain)]);
    match gateway {
        Ok(gateway) => {
            findings.push(installation::pods(&gateway).await);
            findings.extend(calls(cluster, &gateway, &chain, wanted).await);
        }
        Err(error) => findings.push(unseen("service", &error)),
    }
    findings
}

async fn calls(cluster: &Cluster, gateway: &Gateway, chain: &Chain, wanted: &Doctor) -> Vec<Finding> {
    if let Some(finding) = no_call(chain) {
        return vec![finding];
    }
    match bearer::read(cluster, &chain.token).await {
        Ok(bearer) => route::examine(gateway, &bearer, &chain.token, wanted).await,
        Err(error) => vec![unseen("call", &error)],
    }
}

/// Why there is nothing to call with.
fn no_call(chain: &Chain) -> Option<Finding> {
    let absent = chain.secret == Seen::Absent;
    absent.then(|| Finding::skipped("call", "there is no Secret to take the token from"))
}

fn unseen(hop: &'static str, error: &Error) -> Finding {
    match error {
        Error::Forbidden { .. } => Finding::skipped(hop, error.to_string()),
        error => {
            Finding::failed(hop, error.to_string()).hint("the resource's condition Ready says why", TOKENS)
        }
    }
}

fn resource(token: &McpToken) -> Finding {
    if ready::is_ready(token) {
        return Finding::ok("resource", "the McpToken is ready");
    }
    let name = token.metadata.name.as_deref().unwrap_or_default();
    let namespace = token.metadata.namespace.as_deref().unwrap_or_default();
    let hint = match refusal(token).map(|no| Remedy::of(&no.reason)) {
        Some(Some(remedy @ (Remedy::Rotate | Remedy::Resume))) => remedy.hint(namespace, name),
        Some(_) => "the message says what to do; the table has more".to_owned(),
        None => {
            "does the operator run? `kubectl get pods -A -l app.kubernetes.io/component=operator`".to_owned()
        }
    };
    Finding::failed("resource", ready::why_not(token)).hint(hint, TOKENS)
}

/// Only if there is something to say: a limit names a tool that nobody has.
fn tools(token: &McpToken) -> Option<Finding> {
    let hint = "correct spec.access.tools; a gateway of another version may know other tools";
    ready::warning(token).map(|message| Finding::warning("tools", message).hint(hint, TOKENS))
}

fn secret(chain: &Chain) -> Finding {
    const DOCS: &str = "docs/tokens.md#the-secret";
    match &chain.secret {
        Seen::Found(facts) if facts.owned => Finding::ok("secret", format!("{} holds the token", facts.name)),
        Seen::Found(facts) => {
            Finding::failed("secret", format!("{} wasn't made for this McpToken", facts.name))
                .hint("set spec.secret.name to another name, or delete that Secret if nothing needs it", DOCS)
        }
        Seen::Absent => {
            let hint = if ready::is_ready(&chain.token) {
                "the operator makes it again within seconds; does it run?"
            } else {
                "the operator makes it once nothing stands against it; the resource says what does"
            };
            Finding::failed("secret", "there is none").hint(hint, DOCS)
        }
        Seen::Unknown(why) => Finding::skipped("secret", why.clone()),
    }
}

fn row(chain: &Chain) -> Finding {
    match ready::condition(&chain.token, "RowReady") {
        Some(row) if row.status == "True" => Finding::ok("row", row.message.clone()),
        // A row is made from the Secret.
        Some(row) if chain.secret == Seen::Absent => Finding::skipped("row", row.message.clone()),
        Some(row) => Finding::failed("row", format!("{}: {}", row.reason, row.message))
            .hint("the reason's line in the table says what to do", TOKENS),
        None => Finding::failed("row", "the operator says nothing of it").hint("see the resource", TOKENS),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::doctor::finding::Verdict;
    use crate::token::chain::SecretFacts;

    fn token(conditions: &Value) -> McpToken {
        serde_json::from_value(json!({
            "apiVersion": "mcp.aurora-oss.dev/v1alpha1", "kind": "McpToken",
            "metadata": {"name": "laptop", "namespace": "team", "generation": 1}, "spec": {"user": {"id": "1"}},
            "status": {"observedGeneration": 1, "conditions": conditions},
        }))
        .unwrap()
    }

    fn condition(type_: &str, status: &str) -> Value {
        json!([{"type": type_, "status": status, "reason": "DatabaseUnavailable", "message": "Postgres is away",
            "lastTransitionTime": "2026-01-01T00:00:00Z"}])
    }

    fn chain(token: McpToken, secret: Seen<SecretFacts>) -> Chain {
        Chain { token, secret, service: Seen::Absent, events: Seen::Absent }
    }

    fn facts(owned: bool) -> Seen<SecretFacts> {
        Seen::Found(SecretFacts { name: "laptop".into(), serial: None, owned })
    }

    #[test]
    fn conditions_are_judged_one_by_one() {
        let row = |conditions: &Value| row(&chain(token(conditions), facts(true)));
        assert_eq!(resource(&token(&condition("Ready", "True"))).verdict, Verdict::Ok);
        assert_eq!(row(&condition("RowReady", "True")).verdict, Verdict::Ok);
        for finding in [resource(&token(&condition("Ready", "False"))), row(&condition("RowReady", "False"))]
        {
            assert_eq!(finding.verdict, Verdict::Failed);
            assert!(finding.message.contains("Postgres is away"), "{finding:?}");
        }
        assert_eq!(resource(&token(&json!([]))).verdict, Verdict::Failed);
        assert_eq!(row(&json!([])).verdict, Verdict::Failed);
    }

    #[test]
    fn refusal_that_a_command_mends_has_that_command_as_its_hint() {
        for (reason, words) in [
            ("RevokedInAurora", "`kubectl aurora-mcp rotate -n team laptop`"),
            ("Expired", "`kubectl aurora-mcp rotate -n team laptop`"),
            ("Suspended", "`kubectl aurora-mcp resume -n team laptop`"),
            ("UserNotFound", "the message says what to do"),
        ] {
            let mut conditions = condition("Ready", "False");
            conditions[0]["reason"] = json!(reason);
            let finding = resource(&token(&conditions));
            assert!(finding.hint.as_ref().is_some_and(|hint| hint.contains(words)), "{finding:?}");
        }
    }

    #[test]
    fn unknown_tools_are_a_warning() {
        assert_eq!(tools(&token(&condition("ToolsKnown", "False"))).unwrap().verdict, Verdict::Warning);
        assert_eq!(tools(&token(&condition("Ready", "True"))), None);
    }

    #[test]
    fn foreign_and_missing_secrets_fail_and_a_hidden_one_is_skipped() {
        for (seen, verdict) in [
            (facts(true), Verdict::Ok),
            (facts(false), Verdict::Failed),
            (Seen::Absent, Verdict::Failed),
            (Seen::Unknown("no".into()), Verdict::Skipped),
        ] {
            assert_eq!(secret(&chain(token(&json!([])), seen)).verdict, verdict);
        }
    }

    #[test]
    fn missing_secret_is_the_operators_to_make_again_once_it_was_there() {
        for (status, words) in [("True", "does it run?"), ("False", "the resource says")] {
            let finding = secret(&chain(token(&condition("Ready", status)), Seen::Absent));
            assert!(finding.hint.as_ref().is_some_and(|hint| hint.contains(words)), "{finding:?}");
        }
    }

    #[test]
    fn what_follows_from_a_missing_secret_is_skipped() {
        let chain = |secret| chain(token(&condition("RowReady", "False")), secret);
        assert_eq!(row(&chain(facts(true))).verdict, Verdict::Failed);
        assert_eq!(row(&chain(Seen::Absent)).verdict, Verdict::Skipped);
        assert_eq!(no_call(&chain(facts(true))), None);
        assert_eq!(no_call(&chain(Seen::Absent)).map(|finding| finding.verdict), Some(Verdict::Skipped));
    }
}
