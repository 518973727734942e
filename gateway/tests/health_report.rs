//! All probes together, with Aurora's server standing in and everything else away.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::collections::HashMap;
use std::time::Duration;

use aurora_api_stand_in::{Options, Server, spawn};
use aurora_mcp_gateway::health::{
    AuroraProbe, Dependencies, Health, HealthConfig, Probe, Reason, Status, Verdict, start,
};
use aurora_mcp_store::{Settings, Store};
use prometheus_client::registry::Registry;

const DEADLINE: Duration = Duration::from_secs(30);

fn client() -> reqwest::Client {
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let redirects = reqwest::redirect::Policy::none();
    reqwest::Client::builder().timeout(Duration::from_secs(5)).redirect(redirects).build().unwrap()
}

async fn aurora() -> Server {
    spawn(Options { health_delay: Duration::ZERO, ..Options::new("s3cret") }).await.unwrap()
}

async fn order(server: &Server, control: &str, body: &'static str) {
    let url = format!("{}/_test/{control}", server.url());
    client().post(url).body(body).send().await.unwrap().error_for_status().unwrap();
}

async fn check(server: &Server) -> Verdict {
    AuroraProbe::new(client(), server.url().parse().unwrap()).check().await
}

async fn closed_port() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

/// Everything at a port where nobody listens, but for the variables given.
async fn health(variables: &[(&str, String)]) -> Health {
    let port = closed_port().await.to_string();
    let mut all = HashMap::from([
        ("POSTGRES_HOST", "127.0.0.1".to_owned()),
        ("POSTGRES_PORT", port.clone()),
        ("POSTGRES_DB", "aurora".to_owned()),
        ("POSTGRES_USER", "aurora".to_owned()),
        ("REDIS_URL", format!("redis://:hunter2@127.0.0.1:{port}/0")),
        ("WEAVIATE_HOST", "127.0.0.1".to_owned()),
        ("WEAVIATE_PORT", port.clone()),
        ("WEAVIATE_GRPC_PORT", port.clone()),
        ("BACKEND_URL", format!("http://127.0.0.1:{port}")),
    ]);
    all.extend(variables.iter().cloned());
    let lookup = |name: &str| all.get(name).cloned();
    let store = Store::connect_lazy(&Settings::from_lookup(lookup).unwrap(), "test", 1);
    let dependencies = Dependencies { store, http: client(), kubernetes: None };
    start(HealthConfig::from_lookup(lookup), dependencies, &mut Registry::default())
}

async fn until(health: &Health, holds: impl Fn(&Health) -> bool) {
    let mut changes = health.changes();
    let waited = tokio::time::timeout(DEADLINE, async {
        while !holds(health) {
            changes.changed().await.unwrap();
        }
    });
    assert!(waited.await.is_ok(), "{:#?}", health.report());
}

fn state(health: &Health, name: &str) -> (Status, Reason) {
    let component = health.component(name).unwrap();
    (component.status, component.reason)
}

#[tokio::test]
async fn everything_that_is_away_is_told_apart_from_what_is_not_configured() {
    let health = health(&[]).await;
    assert_eq!(state(&health, "database").0, Status::Pending);
    for name in ["database", "redis", "weaviate", "celery", "aurora_api"] {
        until(&health, |health| state(health, name) == (Status::Unhealthy, Reason::Refused)).await;
    }
    assert_eq!(state(&health, "chatbot"), (Status::NotConfigured, Reason::NotConfigured));
    assert_eq!(state(&health, "kubernetes"), (Status::NotConfigured, Reason::NotConfigured));
    assert_eq!(health.report().overall_status, Status::Unhealthy);
    assert!(health.component("nonsense").is_none());
    let printed = serde_json::to_string(&*health.report()).unwrap();
    assert!(!printed.contains("hunter2"), "{printed}");
}

#[tokio::test]
async fn auroras_server_is_followed_when_it_goes() {
    let server = aurora().await;
    let health = health(&[("BACKEND_URL", server.url())]).await;
    until(&health, |health| state(health, "aurora_api") == (Status::Healthy, Reason::Ok)).await;
    drop(server);
    until(&health, |health| state(health, "aurora_api").0 == Status::Unhealthy).await;
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_named() {
    let health =
        health(&[("REDIS_URL", "hunter2".to_owned()), ("AURORA_NAMESPACE", "aurora-oss".to_owned())]).await;
    assert_eq!(state(&health, "redis"), (Status::Unhealthy, Reason::Misconfigured));
    assert_eq!(state(&health, "celery"), (Status::Degraded, Reason::Misconfigured));
    assert_eq!(state(&health, "kubernetes"), (Status::Degraded, Reason::Misconfigured));
    let redis = health.component("redis").unwrap();
    assert!(redis.message.contains("REDIS_URL") && !redis.message.contains("hunter2"), "{redis:?}");
}

#[tokio::test]
async fn readiness_of_auroras_server_is_judged() {
    let server = aurora().await;
    assert_eq!(check(&server).await.status, Status::Healthy);
    order(&server, "health", r#"{"state": "unhealthy"}"#).await;
    let verdict = check(&server).await;
    assert_eq!((verdict.status, verdict.reason), (Status::Unhealthy, Reason::NotReady), "{verdict:?}");
    let table = [
        (r#"{"kind": "html"}"#, Reason::Unexpected),
        (r#"{"kind": "error"}"#, Reason::Unexpected),
        (r#"{"kind": "slow", "ms": 60000}"#, Reason::Timeout),
        // The pooled client tries a second connection before it gives up.
        (r#"{"kind": "drop", "count": 5}"#, Reason::Reset),
    ];
    for (fault, reason) in table {
        order(&server, "faults", fault).await;
        assert_eq!(check(&server).await.reason, reason, "{fault}");
    }
}
