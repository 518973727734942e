//! The hops of one token: resource, Secret, row, Service, and then the route of a call.

use aurora_mcp_crds::McpToken;

use crate::cli::Doctor;
use crate::cluster::Cluster;
use crate::doctor::finding::Finding;
use crate::doctor::{installation, route};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::seen::Seen;
use crate::token::chain::{self, SecretFacts};
use crate::token::{bearer, ready};

const TOKENS: &str = "docs/tokens.md#ready-or-why-not";

pub(super) async fn examine(cluster: &Cluster, name: &str, wanted: &Doctor) -> Vec<Finding> {
    let chain = match chain::gather(cluster, name).await {
        Ok(chain) => chain,
        Err(error) => {
            let finding = Finding::failed("resource", error.to_string());
            return vec![finding.hint("check name and namespace", "docs/kubectl-plugin.md")];
        }
    };
    let mut findings = vec![resource(&chain.token), secret(&chain.secret), row(&chain.token)];
    match Gateway::of(cluster, &chain.token, wanted.gateway_namespace.as_deref()).await {
        Ok(gateway) => {
            findings.push(installation::pods(&gateway).await);
            match bearer::read(cluster, &chain.token).await {
                Ok(bearer) => findings.extend(route::examine(&gateway, &bearer, &chain.token, wanted).await),
                Err(error) => findings.push(unseen("call", &error)),
            }
        }
        Err(error) => findings.push(unseen("service", &error)),
    }
    findings
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
    let hint = match ready::condition(token, "Ready") {
        Some(_) => "the message says what to do; the table has more",
        None => "does the operator run? `kubectl get pods -A -l app.kubernetes.io/component=operator`",
    };
    Finding::failed("resource", ready::why_not(token)).hint(hint, TOKENS)
}

fn secret(secret: &Seen<SecretFacts>) -> Finding {
    const DOCS: &str = "docs/tokens.md#the-secret";
    match secret {
        Seen::Found(facts) if facts.owned => Finding::ok("secret", format!("{} holds the token", facts.name)),
        Seen::Found(facts) => {
            Finding::failed("secret", format!("{} wasn't made for this McpToken", facts.name))
                .hint("set spec.secret.name to another name, or delete that Secret if nothing needs it", DOCS)
        }
        Seen::Absent => Finding::failed("secret", "there is none")
            .hint("the operator makes it once the resource is ready", DOCS),
        Seen::Unknown(why) => Finding::skipped("secret", why.clone()),
    }
}

fn row(token: &McpToken) -> Finding {
    match ready::condition(token, "RowReady") {
        Some(row) if row.status == "True" => Finding::ok("row", row.message.clone()),
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

    fn token(conditions: &Value) -> McpToken {
        serde_json::from_value(json!({
            "apiVersion": "mcp.aurora-oss.dev/v1alpha1", "kind": "McpToken",
            "metadata": {"name": "laptop", "generation": 1}, "spec": {"user": {"id": "1"}},
            "status": {"observedGeneration": 1, "conditions": conditions},
        }))
        .unwrap()
    }

    fn condition(type_: &str, status: &str) -> Value {
        json!([{"type": type_, "status": status, "reason": "DatabaseUnavailable", "message": "Postgres is away",
            "lastTransitionTime": "2026-01-01T00:00:00Z"}])
    }

    #[test]
    fn conditions_are_judged_one_by_one() {
        assert_eq!(resource(&token(&condition("Ready", "True"))).verdict, Verdict::Ok);
        assert_eq!(row(&token(&condition("RowReady", "True"))).verdict, Verdict::Ok);
        for finding in
            [resource(&token(&condition("Ready", "False"))), row(&token(&condition("RowReady", "False")))]
        {
            assert_eq!(finding.verdict, Verdict::Failed);
            assert!(finding.message.contains("Postgres is away"), "{finding:?}");
        }
        assert_eq!(resource(&token(&json!([]))).verdict, Verdict::Failed);
        assert_eq!(row(&token(&json!([]))).verdict, Verdict::Failed);
    }

    #[test]
    fn foreign_and_missing_secrets_fail_and_a_hidden_one_is_skipped() {
        let facts = |owned| Seen::Found(SecretFacts { name: "x".into(), serial: None, owned });
        for (seen, verdict) in [
            (facts(true), Verdict::Ok),
            (facts(false), Verdict::Failed),
            (Seen::Absent, Verdict::Failed),
            (Seen::Unknown("no".into()), Verdict::Skipped),
        ] {
            assert_eq!(secret(&seen).verdict, verdict);
        }
    }
}
