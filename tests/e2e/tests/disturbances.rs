//! Parts that fail and come back. Each of these tests stops something that all use, so they take turns.

use anyhow::{Context, Result, ensure};
use aurora_mcp_e2e::{
    Cluster, Gateway, Session, Token, cluster::NAMESPACE, eventually, gateway, scene, sql, workload,
};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::api::core::v1::Pod;
use kube::api::DeleteParams;
use serde_json::{Value, json};
use tokio::sync::Mutex;

const ALICE: &str = "alice@alpha.example";
const OPERATOR: &str = "aurora-mcp-operator";
const OPERATOR_PODS: &str = "app.kubernetes.io/name=aurora-mcp,app.kubernetes.io/component=operator";

static TURN: Mutex<()> = Mutex::const_new(());

#[tokio::test]
async fn stopped_redis_is_reported_and_so_is_its_return() -> Result<()> {
    let _turn = TURN.lock().await;
    scene(async |cluster| {
        let token = Token::ready(cluster, "e2e-redis", ALICE).await?;
        let bearer = token.bearer().await?;
        let gateway = Gateway::open().await?;
        let session = gateway.session(&bearer);
        component_is(&session, "redis", "healthy").await?;
        with_stopped(cluster, "aurora-oss-redis", async || {
            component_is(&session, "redis", "unhealthy").await?;
            session.expect_status(200).await.context("tools don't need Redis")
        })
        .await?;
        component_is(&session, "redis", "healthy").await?;
        component_is(&session, "celery", "healthy").await.map(drop)
    })
    .await
}

#[tokio::test]
async fn stopped_celery_worker_degrades_and_is_named() -> Result<()> {
    let _turn = TURN.lock().await;
    scene(async |cluster| {
        let token = Token::ready(cluster, "e2e-celery", ALICE).await?;
        let bearer = token.bearer().await?;
        let gateway = Gateway::open().await?;
        let session = gateway.session(&bearer);
        component_is(&session, "celery", "healthy").await?;
        with_stopped(cluster, "aurora-oss-celery-worker", async || {
            let celery = component_is(&session, "celery", "degraded").await?;
            ensure!(celery["reason"] == "no_workers" && celery["hint"].is_string(), "{celery}");
            Ok(())
        })
        .await?;
        component_is(&session, "celery", "healthy").await.map(drop)
    })
    .await
}

#[tokio::test]
async fn nothing_is_lost_when_postgres_restarts() -> Result<()> {
    let _turn = TURN.lock().await;
    scene(async |cluster| {
        let token = Token::ready(cluster, "e2e-postgres", ALICE).await?;
        let bearer = token.bearer().await?;
        let replicas = Gateway::open_each(cluster).await?;
        for gateway in &replicas {
            gateway.session(&bearer).expect_status(200).await?;
        }
        let rows = "SELECT count(*) FROM mcp_tokens WHERE status = 'active'";
        let before = sql::value(cluster, rows).await?;
        scale_postgres(cluster, 0).await?;
        let outcome = unavailable(&replicas, &bearer).await;
        scale_postgres(cluster, 1).await?;
        outcome?;
        for gateway in &replicas {
            let works = async || gateway.session(&bearer).expect_status(200).await;
            eventually("the token to work again", 60, works).await?;
        }
        let after = sql::value(cluster, rows).await?;
        ensure!(before == after, "{before} active rows became {after}");
        let next = Token::ready(cluster, "e2e-postgres-after", ALICE).await?;
        let bearer = next.bearer().await?;
        replicas[0].session(&bearer).expect_status(200).await
    })
    .await
}

#[tokio::test]
async fn token_deleted_while_postgres_is_away_is_revoked_afterwards() -> Result<()> {
    let _turn = TURN.lock().await;
    scene(async |cluster| {
        let token = Token::ready(cluster, "e2e-away", ALICE).await?;
        let bearer = token.bearer().await?;
        let gateway = Gateway::open().await?;
        scale_postgres(cluster, 0).await?;
        let asked =
            cluster.kubectl(&["delete", "mcptoken", "-n", NAMESPACE, "e2e-away", "--wait=false"]).await;
        let held = async || {
            let finalizers = token.object().await?.metadata.finalizers.unwrap_or_default();
            ensure!(!finalizers.is_empty(), "it went although its row could not be revoked");
            Ok(())
        };
        let outcome = eventually("the finalizer to hold it", 10, held).await;
        scale_postgres(cluster, 1).await?;
        asked?;
        outcome?;
        let gone = async || {
            ensure!(token.object().await.is_err(), "it is still there");
            Ok(())
        };
        eventually("the token to go", 120, gone).await?;
        let refused = async || gateway.session(&bearer).expect_status(401).await;
        eventually("the token to be refused", 10, refused).await
    })
    .await
}

#[tokio::test]
async fn tokens_outlive_the_pods_of_operator_and_gateway() -> Result<()> {
    let _turn = TURN.lock().await;
    scene(async |cluster| {
        let token = Token::ready(cluster, "e2e-pods", ALICE).await?;
        let bearer = token.bearer().await?;
        for labels in [OPERATOR_PODS, gateway::PODS] {
            workload::delete_pods(cluster, labels).await?;
        }
        for deployment in ["deployment/aurora-mcp-operator", "deployment/aurora-mcp-gateway"] {
            workload::rolled_out(cluster, deployment).await?;
        }
        let works = async || Gateway::open().await?.session(&bearer).expect_status(200).await;
        eventually("the token to work on new pods", 60, works).await?;
        ensure!(token.bearer().await? == bearer, "the token was minted anew");
        let next = Token::ready(cluster, "e2e-pods-after", ALICE).await?;
        let bearer = next.bearer().await?;
        Gateway::open().await?.session(&bearer).expect_status(200).await
    })
    .await
}

#[tokio::test]
async fn operator_that_is_stopped_hands_over_to_its_other_replica_at_once() -> Result<()> {
    let _turn = TURN.lock().await;
    scene(async |cluster| {
        with_replicas(cluster, OPERATOR, 2, async || hands_over(cluster).await).await?;
        Token::ready(cluster, "e2e-handed-over", ALICE).await.map(drop)
    })
    .await
}

/// Stops the leader when the Lease has just been renewed, so that it would not end for a while.
async fn hands_over(cluster: &Cluster) -> Result<()> {
    let before = lease(cluster).await?;
    eventually("the Lease to be renewed", 30, async || {
        ensure!(lease(cluster).await?.renew_time != before.renew_time, "it is not");
        Ok(())
    })
    .await?;
    let leader = before.holder_identity.context("nobody leads")?;
    cluster.typed::<Pod>().delete(&leader, &DeleteParams::default()).await?;
    eventually("the other replica to lead", 5, async || {
        let holder = lease(cluster).await?.holder_identity.context("nobody leads")?;
        ensure!(holder != leader, "{leader} leads");
        Ok(())
    })
    .await
}

async fn lease(cluster: &Cluster) -> Result<LeaseSpec> {
    cluster.typed::<Lease>().get(OPERATOR).await?.spec.context("an empty Lease")
}

/// Waits until a component of `aurora://health` has a status, and returns the component.
async fn component_is(session: &Session<'_>, name: &str, status: &str) -> Result<Value> {
    eventually(&format!("{name} to be {status}"), 90, async || {
        let report = session.read("aurora://health").await?;
        let component = &report["components"][name];
        ensure!(component["status"] == status, "{name} is {component}");
        if status != "healthy" {
            ensure!(report["overall_status"] != "healthy", "{name} is {status}, but the whole is healthy");
        }
        Ok(component.clone())
    })
    .await
}

/// Every replica answers 503 with Retry-After, never 401.
async fn unavailable(replicas: &[Gateway], bearer: &str) -> Result<()> {
    let authorization = format!("Bearer {bearer}");
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    for gateway in replicas {
        eventually("503 with Retry-After", 30, async || {
            let reply = gateway.post(Some(&authorization), &message).await?;
            ensure!(reply.status != 401, "a good token was refused because Postgres is away");
            ensure!(reply.status == 503, "status {}", reply.status);
            reply.headers.get("retry-after").context("no Retry-After")?;
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// Runs something while a Deployment has no pods, and starts it again whatever comes of it.
async fn with_stopped(
    cluster: &Cluster,
    deployment: &str,
    test: impl AsyncFnOnce() -> Result<()>,
) -> Result<()> {
    with_replicas(cluster, deployment, 0, test).await
}

/// Runs something while a Deployment has so many pods, and leaves it one whatever comes of it.
async fn with_replicas(
    cluster: &Cluster,
    deployment: &str,
    replicas: i32,
    test: impl AsyncFnOnce() -> Result<()>,
) -> Result<()> {
    workload::scale(cluster, deployment, replicas).await?;
    let outcome = test().await;
    workload::scale(cluster, deployment, 1).await?;
    outcome
}

async fn scale_postgres(cluster: &Cluster, replicas: u8) -> Result<()> {
    let scaled = format!("--replicas={replicas}");
    cluster.kubectl(&["scale", "-n", NAMESPACE, "statefulset/aurora-oss-postgres", &scaled]).await?;
    if replicas == 0 {
        let gone = ["wait", "--for=delete", "-n", NAMESPACE, "pod/aurora-oss-postgres-0", "--timeout=60s"];
        return cluster.kubectl(&gone).await.map(drop);
    }
    workload::rolled_out(cluster, "statefulset/aurora-oss-postgres").await
}
