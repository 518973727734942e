//! The `ValidatingAdmissionPolicy` of the chart: what `kubectl apply` is told at once, by the rules that the operator has too.

use anyhow::{Result, ensure};
use aurora_mcp_e2e::{Cluster, Token, eventually, scene, token::manifest};
use serde_json::{Value, json};
use tokio::process::Command;

const ALICE: &str = "alice@alpha.example";
const ALICE_ID: &str = "0a11ce00-0000-4000-8000-000000000001";
const RELEASE: &str = "e2e-policy";
const PAYMENTS: &str = "e2e-policy-payments";
const ONCALL: &str = "e2e-policy-oncall";
const PLATFORM: &str = "e2e-policy-platform";
const OTHER: &str = "e2e-policy-other";

fn tenants() -> Value {
    json!([
        {"namespace": PAYMENTS, "organisations": ["alpha"]},
        {"namespaceLabels": {"e2e-team": "sre"}, "users": ["Alice@Alpha.example"]},
        {"namespace": PLATFORM, "organisations": ["*"]},
    ])
}

/// Installs nothing but the policy, for namespaces of this test alone.
async fn install_policy(cluster: &Cluster) -> Result<()> {
    let namespaces = [
        (RELEASE, json!({})),
        (PAYMENTS, json!({})),
        (ONCALL, json!({"e2e-team": "sre"})),
        (PLATFORM, json!({})),
        (OTHER, json!({"e2e-team": "web"})),
    ];
    for (name, labels) in &namespaces {
        cluster.created("namespace", name, name);
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
        cluster.kubectl_with(&["apply", "-f", "-"], &namespace.to_string()).await?;
    }
    let chart = concat!(env!("CARGO_MANIFEST_DIR"), "/../../charts/aurora-mcp");
    let output = Command::new("helm")
        .args(["template", "aurora-mcp", chart, "--namespace", RELEASE, "--set=operator.maxTtl=24h"])
        .arg("--show-only=templates/admission/policy.yaml")
        .arg(format!("--set-json=operator.tenants={}", tenants()))
        .output()
        .await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let name = format!("aurora-mcp-{RELEASE}");
    cluster.created("validatingadmissionpolicy", RELEASE, &name);
    cluster.created("validatingadmissionpolicybinding", RELEASE, &name);
    // Nothing of this policy must be seen in the rest of the cluster.
    let policy = String::from_utf8(output.stdout)?.replace("  matchConstraints:", &selector(&namespaces));
    cluster.kubectl_with(&["apply", "-f", "-"], &policy).await?;
    eventually("the policy to be in force", 30, async || {
        ensure!(said(cluster, OTHER, &json!({"user": {"email": ALICE}})).await?.contains(&name), "not yet");
        Ok(())
    })
    .await
}

fn selector(namespaces: &[(&str, Value)]) -> String {
    let names: Vec<&str> = namespaces.iter().map(|(name, _)| *name).collect();
    format!(
        "  matchConstraints:\n    namespaceSelector: {}",
        json!({"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": names}]})
    )
}

/// What the API server says against an McpToken; nothing if it takes it.
async fn said(cluster: &Cluster, namespace: &str, spec: &Value) -> Result<String> {
    let manifest = manifest(namespace, "e2e-policy", spec).to_string();
    let output = cluster.try_kubectl(&["create", "--dry-run=server", "-f", "-"], &manifest).await?;
    Ok(if output.success { String::new() } else { output.stderr })
}

#[expect(clippy::disallowed_methods, reason = "the cluster's policy compares with its own clock")]
fn hours_from_now(hours: i64) -> String {
    (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours)).to_string()
}

#[tokio::test]
async fn refusal_shows_at_apply_and_only_what_is_sure_is_refused() -> Result<()> {
    scene(async |cluster| audited(cluster, async || judges_as_the_operator_does(cluster).await).await).await
}

async fn judges_as_the_operator_does(cluster: &Cluster) -> Result<()> {
    install_policy(cluster).await?;
    let (soon, late) = (hours_from_now(23), hours_from_now(25));
    let allowed = [
        (RELEASE, json!({"user": {"email": "anyone@beta.example"}, "ttl": "24h"})),
        (RELEASE, json!({"user": {"email": ALICE}, "expiresAt": soon})),
        (PLATFORM, json!({"user": {"id": "anyone"}, "ttl": "1h"})),
        (PAYMENTS, json!({"user": {"email": ALICE}, "orgId": "alpha", "ttl": "1h"})),
        // Whose organisation that is, the operator finds out.
        (PAYMENTS, json!({"user": {"email": "anyone@beta.example"}, "ttl": "1h"})),
        (ONCALL, json!({"user": {"email": "ALICE@alpha.example"}, "ttl": "1h"})),
        // Whose id that is, too.
        (ONCALL, json!({"user": {"id": ALICE_ID}, "ttl": "1h"})),
    ];
    for (namespace, spec) in &allowed {
        let said = said(cluster, namespace, spec).await?;
        ensure!(said.is_empty(), "{namespace} {spec}: {said}");
    }
    let refused = [
        (OTHER, json!({"user": {"email": ALICE}, "ttl": "1h"}), "no token may be minted in namespace"),
        (
            PAYMENTS,
            json!({"user": {"email": ALICE}, "orgId": "beta", "ttl": "1h"}),
            "may not mint for this user",
        ),
        (ONCALL, json!({"user": {"email": "bob@alpha.example"}, "ttl": "1h"}), "may not mint for this user"),
        (RELEASE, json!({"user": {"email": ALICE}}), "at most 24h"),
        (RELEASE, json!({"user": {"email": ALICE}, "ttl": "24h1s"}), "at most 24h"),
        (RELEASE, json!({"user": {"email": ALICE}, "expiresAt": late}), "at most 24h"),
    ];
    for (namespace, spec, word) in &refused {
        let said = said(cluster, namespace, spec).await?;
        ensure!(said.contains(word), "{namespace} {spec}: '{word}' is not in: {said}");
    }
    Ok(())
}

#[tokio::test]
async fn operator_refuses_by_itself_where_the_policy_lets_pass() -> Result<()> {
    scene(async |cluster| {
        cluster.created("namespace", OTHER, OTHER);
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OTHER}});
        cluster.kubectl_with(&["apply", "-f", "-"], &namespace.to_string()).await?;
        let spec = json!({"user": {"email": ALICE}});
        let denied = said(cluster, OTHER, &spec).await?;
        ensure!(denied.contains("no token may be minted"), "the release has no policy: {denied}");
        audited(cluster, async || refused_by_the_operator(cluster, &spec).await).await?;
        eventually("the policy to deny again", 30, async || {
            ensure!(!said(cluster, OTHER, &spec).await?.is_empty(), "not yet");
            Ok(())
        })
        .await
    })
    .await
}

/// The policy of the release under test only notes while this is done, and denies again afterwards.
async fn audited(cluster: &Cluster, done: impl AsyncFnOnce() -> Result<()>) -> Result<()> {
    act(cluster, "Audit").await?;
    let outcome = done().await;
    act(cluster, "Deny").await?;
    outcome
}

async fn act(cluster: &Cluster, action: &str) -> Result<()> {
    let patch = json!({"spec": {"validationActions": [action]}}).to_string();
    let binding =
        ["patch", "validatingadmissionpolicybinding", "aurora-mcp-aurora-oss", "--type=merge", "-p"];
    cluster.kubectl(&[&binding[..], &[&patch]].concat()).await.map(drop)
}

async fn refused_by_the_operator(cluster: &Cluster, spec: &Value) -> Result<()> {
    eventually("the policy to let pass", 30, async || {
        let said = said(cluster, OTHER, spec).await?;
        ensure!(said.is_empty(), "{said}");
        Ok(())
    })
    .await?;
    let token = Token::apply(cluster, OTHER, "e2e-tenant", spec).await?;
    let message = token.wait_refused("NotPermitted").await?;
    ensure!(message.contains(OTHER), "the message does not name the namespace: {message}");
    let secrets = cluster.kubectl(&["get", "secret", "-n", OTHER, "-o", "name"]).await?;
    ensure!(secrets.is_empty(), "a Secret was made: {secrets}");
    token.delete().await
}
