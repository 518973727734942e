//! What is refused, and whether the refusal says why.

use anyhow::{Context, Result, ensure};
use aurora_mcp_e2e::{Gateway, Token, cluster::NAMESPACE, eventually, scene};
use serde_json::{Value, json};

const ALICE: &str = "alice@alpha.example";

/// Manifests that `kubectl apply` refuses: name of the resource, spec, a word of the message.
fn wrong_manifests() -> Vec<(&'static str, Value, &'static str)> {
    let user = json!({"email": ALICE});
    vec![
        (
            "both-users",
            json!({"user": {"email": ALICE, "id": "0a11ce00-0000-4000-8000-000000000001"}}),
            "exactly one",
        ),
        ("no-user", json!({"user": {}}), "exactly one"),
        ("no-spec-user", json!({}), "spec.user"),
        ("Bad_Name", json!({"user": user}), "RFC 1123"),
        ("ttl-and-end", json!({"user": user, "ttl": "1h", "expiresAt": "2030-01-01T00:00:00Z"}), "not both"),
        ("bad-ttl", json!({"user": user, "ttl": "1 month"}), "spec.ttl"),
        ("short-ttl", json!({"user": user, "ttl": "1s"}), "at least 1m"),
        ("long-name", json!({"user": user, "displayName": "x".repeat(101)}), "displayName"),
        ("unknown-field", json!({"user": user, "colour": "red"}), "colour"),
    ]
}

#[tokio::test]
async fn wrong_manifest_is_refused_at_apply_with_the_reason() -> Result<()> {
    scene(async |cluster| {
        for (name, spec, word) in wrong_manifests() {
            let manifest = aurora_mcp_e2e::token::manifest(NAMESPACE, &format!("e2e-{name}"), &spec);
            let output = cluster
                .try_kubectl(
                    &["create", "--dry-run=server", "--validate=strict", "-f", "-"],
                    &manifest.to_string(),
                )
                .await?;
            ensure!(!output.success, "{name} was accepted");
            ensure!(output.stderr.contains(word), "{name}: '{word}' is not in: {}", output.stderr);
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn every_sample_is_accepted() -> Result<()> {
    scene(async |cluster| {
        let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/examples");
        let output = cluster
            .try_kubectl(&["apply", "--dry-run=server", "--validate=strict", "-R", "-f", samples], "")
            .await?;
        ensure!(output.success, "{}", output.stderr);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn user_of_a_token_cannot_be_changed() -> Result<()> {
    scene(async |cluster| {
        let token = Token::ready(cluster, "e2e-immutable", ALICE).await?;
        let output = token.change(&json!({"user": {"email": "vera@alpha.example"}})).await?;
        ensure!(!output.success, "the user was changed");
        ensure!(output.stderr.contains("can't be changed"), "{}", output.stderr);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn unknown_user_is_named_in_the_condition() -> Result<()> {
    scene(async |cluster| {
        let spec = json!({"user": {"email": "nobody@alpha.example"}});
        let token = Token::apply(cluster, NAMESPACE, "e2e-unknown-user", &spec).await?;
        let message = token.wait_refused("UserNotFound").await?;
        ensure!(message.contains("nobody@alpha.example"), "{message}");
        ensure!(token.secret().await.is_err(), "a Secret was made");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn request_without_a_good_token_gets_401_and_a_challenge() -> Result<()> {
    scene(async |cluster| {
        let token = Token::ready(cluster, "e2e-unauthorized", ALICE).await?;
        let bearer = token.bearer().await?;
        let gateway = Gateway::open().await?;
        let other = bearer.replace("aurora_mcp_", "aurora_mcp_x");
        let refused = [
            None,
            Some(String::new()),
            Some("Bearer".to_owned()),
            Some("Bearer ".to_owned()),
            Some("Bearer garbage".to_owned()),
            Some("Bearer ${AURORA_TOKEN}".to_owned()),
            Some(format!("Basic {bearer}")),
            Some(format!("Bearer {bearer} {bearer}")),
            Some(format!("Bearer {other}")),
            Some(format!("Bearer sha256:{}", "0".repeat(64))),
        ];
        for authorization in &refused {
            unauthorized(&gateway, authorization.as_deref()).await?;
        }
        token.delete().await?;
        let revoked = format!("Bearer {bearer}");
        eventually("the revoked token to be refused", 10, async || {
            unauthorized(&gateway, Some(&revoked)).await
        })
        .await
    })
    .await
}

/// Asks with a body that is not even MCP: authentication comes first.
async fn unauthorized(gateway: &Gateway, authorization: Option<&str>) -> Result<()> {
    let reply = gateway.post(authorization, &json!("not a message")).await?;
    ensure!(reply.status == 401, "{authorization:?} got {}", reply.status);
    let challenge = reply.headers.get("www-authenticate").context("no WWW-Authenticate")?;
    ensure!(challenge.to_str()?.starts_with("Bearer"), "the challenge is {challenge:?}");
    serde_json::from_str::<Value>(&reply.body)
        .with_context(|| format!("the body is not JSON: {}", reply.body))?;
    Ok(())
}
