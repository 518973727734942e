//! What happens to a token between its making and its end.

use anyhow::{Context, Result, ensure};
use aurora_mcp_e2e::{Cluster, Gateway, Token, cluster::NAMESPACE, eventually, scene, sql, token::digest};
use k8s_openapi::api::core::v1::{Secret, Service};
use serde_json::{Value, json};

const ALICE: &str = "alice@alpha.example";
/// Alice and her organisation, as Aurora's tables have them.
const ALICE_ROW: &str = "SELECT id, org_id FROM users WHERE email = 'alice@alpha.example'";

/// Waits until the gateway answers a harmless call of this token with this status.
async fn answers(gateway: &Gateway, bearer: &str, status: u16, seconds: u64) -> Result<()> {
    let what = format!("the gateway to answer {status}");
    eventually(&what, seconds, async || gateway.session(bearer).expect_status(status).await).await
}

/// Waits until the Secret holds another token than this, and returns it.
async fn next_bearer(token: &Token<'_>, before: &str, seconds: u64) -> Result<String> {
    eventually("a new token in the Secret", seconds, async || {
        let bearer = token.bearer().await?;
        ensure!(bearer != before, "the token is still the old one");
        Ok(bearer)
    })
    .await
}

/// Aurora's status of a token; empty if there is no row.
async fn row_status(cluster: &Cluster, bearer: &str) -> Result<String> {
    sql::value(cluster, &format!("SELECT status FROM mcp_tokens WHERE token = '{}'", digest(bearer))).await
}

#[tokio::test]
async fn requested_rotation_lets_the_old_token_work_for_the_overlap() -> Result<()> {
    scene(async |cluster| {
        let spec = json!({"user": {"email": ALICE}, "rotation": {"interval": "24h", "overlap": "6s"}});
        let token = Token::apply(cluster, NAMESPACE, "e2e-rotated", &spec).await?;
        token.wait_ready().await?;
        let (gateway, old) = (Gateway::open().await?, token.bearer().await?);
        token.rotate("once").await?;
        let new = next_bearer(&token, &old, 10).await?;
        answers(&gateway, &new, 200, 5).await?;
        gateway.session(&old).expect_status(200).await.context("the old token, during the overlap")?;
        answers(&gateway, &old, 401, 20).await.context("the old token, after the overlap")?;
        gateway.session(&new).expect_status(200).await?;
        token.rotate("once").await?;
        token.wait_ready().await?;
        ensure!(token.bearer().await? == new, "a request that was carried out rotated again");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn token_is_rotated_when_its_interval_is_over() -> Result<()> {
    scene(async |cluster| {
        let spec = json!({"user": {"email": ALICE}, "rotation": {"interval": "1m", "overlap": "2s"}});
        let token = Token::apply(cluster, NAMESPACE, "e2e-scheduled", &spec).await?;
        token.wait_ready().await?;
        let (gateway, old) = (Gateway::open().await?, token.bearer().await?);
        let new = next_bearer(&token, &old, 90).await?;
        answers(&gateway, &new, 200, 5).await?;
        answers(&gateway, &old, 401, 20).await
    })
    .await
}

#[tokio::test]
async fn suspended_token_stops_and_works_again() -> Result<()> {
    scene(async |cluster| {
        let token = Token::ready(cluster, "e2e-suspended", ALICE).await?;
        let (gateway, bearer) = (Gateway::open().await?, token.bearer().await?);
        answers(&gateway, &bearer, 200, 5).await?;
        token.change(&json!({"user": {"email": ALICE}, "suspended": true})).await?;
        token.wait_refused("Suspended").await?;
        answers(&gateway, &bearer, 401, 5).await?;
        token.change(&json!({"user": {"email": ALICE}})).await?;
        token.wait_ready().await?;
        answers(&gateway, &bearer, 200, 5).await
    })
    .await
}

#[tokio::test]
async fn limits_change_without_a_new_token() -> Result<()> {
    scene(async |cluster| {
        let token = Token::ready(cluster, "e2e-limited", ALICE).await?;
        let (gateway, bearer) = (Gateway::open().await?, token.bearer().await?);
        let session = gateway.session(&bearer);
        ensure!(!session.call("get_graph_stats", json!({})).await?.is_error);
        let access = json!({"tools": ["list_incidents"]});
        token.change(&json!({"user": {"email": ALICE}, "access": access})).await?;
        token.wait_ready().await?;
        eventually("the limits to apply", 5, async || {
            let listed = session.request("tools/list", json!({})).await?;
            let names: Vec<&Value> =
                listed["tools"].as_array().into_iter().flatten().map(|tool| &tool["name"]).collect();
            ensure!(names == ["list_incidents"], "listed: {names:?}");
            Ok(())
        })
        .await?;
        let refused = session.call("get_graph_stats", json!({})).await;
        ensure!(
            refused.is_err() || refused.is_ok_and(|answer| answer.is_error),
            "a tool that isn't allowed ran"
        );
        ensure!(token.bearer().await? == bearer, "the limits made a new token");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn deleted_secret_comes_back_with_a_new_token() -> Result<()> {
    scene(async |cluster| {
        let token = Token::ready(cluster, "e2e-secretless", ALICE).await?;
        let (gateway, old) = (Gateway::open().await?, token.bearer().await?);
        answers(&gateway, &old, 200, 5).await?;
        cluster.kubectl(&["delete", "secret", "e2e-secretless", "-n", NAMESPACE]).await?;
        let new = next_bearer(&token, &old, 10).await?;
        answers(&gateway, &old, 401, 5).await?;
        answers(&gateway, &new, 200, 5).await
    })
    .await
}

#[tokio::test]
async fn token_revoked_in_aurora_stays_revoked() -> Result<()> {
    scene(async |cluster| {
        let token = Token::ready(cluster, "e2e-revoked", ALICE).await?;
        let (gateway, bearer) = (Gateway::open().await?, token.bearer().await?);
        answers(&gateway, &bearer, 200, 5).await?;
        let revoke = format!("UPDATE mcp_tokens SET status = 'revoked' WHERE token = '{}'", digest(&bearer));
        sql::value(cluster, &revoke).await?;
        answers(&gateway, &bearer, 401, 5).await?;
        let message = token.wait_refused("RevokedInAurora").await?;
        ensure!(message.contains("rotation"), "the message does not say what to do: {message}");
        token.change(&json!({"user": {"email": ALICE}, "displayName": "touched"})).await?;
        token.wait_refused("RevokedInAurora").await?;
        ensure!(row_status(cluster, &bearer).await? == "revoked", "the row was revived");
        token.rotate("after-revocation").await?;
        token.wait_ready().await?;
        let new = token.bearer().await?;
        ensure!(new != bearer, "the revoked token came back");
        answers(&gateway, &new, 200, 5).await?;
        gateway.session(&bearer).expect_status(401).await
    })
    .await
}

#[tokio::test]
async fn existing_token_is_adopted_and_its_row_hashed() -> Result<()> {
    const NAME: &str = "e2e-adopted";
    let clear = format!("aurora_mcp_{}", "Adopted-".repeat(8));
    scene(async |cluster| {
        let insert = format!(
            "SELECT set_config('myapp.current_org_id', org_id, false) FROM users WHERE email = '{ALICE}';
             DELETE FROM mcp_tokens WHERE token IN ('{clear}', '{}');
             INSERT INTO mcp_tokens (token, user_id, org_id, name, status)
             SELECT '{clear}', id, org_id, 'old laptop', 'active' FROM ({ALICE_ROW}) alice",
            digest(&clear)
        );
        sql::value(cluster, &insert).await?;
        let gateway = Gateway::open().await?;
        answers(&gateway, &clear, 200, 5).await.context("a token made in Aurora")?;
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "e2e-old-token", "namespace": NAMESPACE},
            "stringData": {"value": clear},
        });
        cluster.created("secret", NAMESPACE, "e2e-old-token");
        cluster.kubectl_with(&["apply", "-f", "-"], &secret.to_string()).await?;
        let from = json!({"secretKeyRef": {"name": "e2e-old-token", "key": "value"}});
        let spec = json!({"user": {"email": ALICE}, "adoptFrom": from});
        let token = Token::apply(cluster, NAMESPACE, NAME, &spec).await?;
        token.wait_ready().await?;
        ensure!(token.bearer().await? == clear, "the Secret holds another token");
        answers(&gateway, &clear, 200, 5).await.context("the adopted token")?;
        let left = sql::value(cluster, &format!("SELECT count(*) FROM mcp_tokens WHERE token = '{clear}'")).await?;
        ensure!(left == "0", "the row still holds the token in clear");
        ensure!(row_status(cluster, &clear).await? == "active");
        token.delete().await?;
        answers(&gateway, &clear, 401, 5).await
    })
    .await
}

#[tokio::test]
async fn deletion_policy_says_what_becomes_of_the_token() -> Result<()> {
    scene(async |cluster| {
        let gateway = Gateway::open().await?;
        for (policy, status, answer) in [("Delete", "", 401), ("Retain", "active", 200)] {
            let name = format!("e2e-{}", policy.to_lowercase());
            let spec = json!({"user": {"email": ALICE}, "deletionPolicy": policy});
            let token = Token::apply(cluster, NAMESPACE, &name, &spec).await?;
            token.wait_ready().await?;
            let bearer = token.bearer().await?;
            token.delete().await?;
            let left = row_status(cluster, &bearer).await?;
            ensure!(left == status, "{policy}: the row is '{left}'");
            answers(&gateway, &bearer, answer, 5).await.with_context(|| policy.to_owned())?;
            let clean = format!("DELETE FROM mcp_tokens WHERE token = '{}'", digest(&bearer));
            sql::value(cluster, &clean).await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn named_service_leads_to_the_gateway_until_it_is_renamed() -> Result<()> {
    let service = |name: &str, service: Value| {
        let mut service = service;
        service["name"] = name.into();
        json!({"user": {"email": ALICE}, "service": service})
    };
    scene(async |cluster| {
        let ranges = json!(["10.0.0.0/8"]);
        let annotations = json!({"service.beta.kubernetes.io/aws-load-balancer-internal": "true"});
        let spec = service(
            "e2e-balanced",
            json!({"type": "LoadBalancer", "port": 80, "loadBalancerSourceRanges": ranges, "annotations": annotations}),
        );
        let token = Token::apply(cluster, NAMESPACE, "e2e-served", &spec).await?;
        token.wait_ready().await?;
        let services = cluster.typed::<Service>();
        let made = services.get("e2e-balanced").await?;
        let made_spec = made.spec.context("a Service without spec")?;
        ensure!(made_spec.type_.as_deref() == Some("LoadBalancer"), "{made_spec:?}");
        ensure!(made_spec.load_balancer_source_ranges == Some(vec!["10.0.0.0/8".to_owned()]));
        let wanted = "service.beta.kubernetes.io/aws-load-balancer-internal";
        ensure!(made.metadata.annotations.is_some_and(|all| all[wanted] == "true"));
        let url = token.secret().await?.remove("url").context("no url")?;
        ensure!(url.contains("e2e-balanced"), "clients are led to {url}");
        let gateway = Gateway::open_service("e2e-balanced", 80).await?;
        answers(&gateway, &token.bearer().await?, 200, 5).await?;
        drop(gateway);

        token.change(&service("e2e-noded", json!({"type": "NodePort"}))).await?;
        token.wait_ready().await?;
        let made_spec = services.get("e2e-noded").await?.spec.context("a Service without spec")?;
        ensure!(made_spec.ports.iter().flatten().all(|port| port.node_port.is_some()), "{made_spec:?}");
        eventually("the Service of the earlier name to go", 10, async || {
            ensure!(services.get_opt("e2e-balanced").await?.is_none(), "it is still there");
            Ok(())
        })
        .await?;
        token.delete().await?;
        eventually("the Service to go with its McpToken", 10, async || {
            ensure!(services.get_opt("e2e-noded").await?.is_none(), "it is still there");
            Ok(())
        })
        .await
    })
    .await
}

#[tokio::test]
async fn reloaders_see_a_rotation_in_an_annotation_of_the_secret() -> Result<()> {
    const SERIAL: &str = "mcp.aurora-oss.dev/serial";
    scene(async |cluster| {
        let spec = json!({"user": {"email": ALICE}, "secret": {"annotations": {"reloader.stakater.com/match": "true"}}});
        let token = Token::apply(cluster, NAMESPACE, "e2e-reloaded", &spec).await?;
        token.wait_ready().await?;
        let secrets = cluster.typed::<Secret>();
        let annotation = async |name: &str| -> Result<String> {
            let secret = secrets.get("e2e-reloaded").await?;
            let annotations = secret.metadata.annotations.unwrap_or_default();
            annotations.get(name).cloned().with_context(|| format!("no annotation {name}"))
        };
        ensure!(annotation(SERIAL).await? == "1" && annotation("reloader.stakater.com/match").await? == "true");
        let bearer = token.bearer().await?;
        token.rotate("for-reloaders").await?;
        next_bearer(&token, &bearer, 10).await?;
        ensure!(annotation(SERIAL).await? == "2", "a rotation shows in no annotation");
        Ok(())
    })
    .await
}
