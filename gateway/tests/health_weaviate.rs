//! The probe of Weaviate against a real Weaviate.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::time::Duration;

use aurora_mcp_gateway::health::{Probe, Reason, Status, Verdict, WeaviateProbe, WeaviateSettings};

#[expect(clippy::disallowed_methods, clippy::panic, reason = "the test bed says where its services are")]
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `make services` or `make test`"))
}

fn settings() -> WeaviateSettings {
    WeaviateSettings {
        host: variable("TEST_WEAVIATE_HOST"),
        port: variable("TEST_WEAVIATE_PORT").parse().unwrap(),
        grpc_port: variable("TEST_WEAVIATE_GRPC_PORT").parse().unwrap(),
        secure: false,
    }
}

async fn check(settings: WeaviateSettings) -> Verdict {
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build().unwrap();
    WeaviateProbe::new(client, settings).check().await
}

async fn closed_port() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test]
async fn a_working_weaviate_is_healthy_and_names_its_nodes() {
    let verdict = check(settings()).await;
    assert_eq!(verdict.status, Status::Healthy, "{verdict:?}");
    assert_eq!(verdict.detail["nodes"][0]["status"], "HEALTHY");
}

#[tokio::test]
async fn http_without_grpc_is_unhealthy() {
    let verdict = check(WeaviateSettings { grpc_port: closed_port().await, ..settings() }).await;
    assert_eq!((verdict.status, verdict.reason), (Status::Unhealthy, Reason::GrpcDown), "{verdict:?}");
}

#[tokio::test]
async fn a_port_that_speaks_no_grpc_is_told_apart_from_a_working_one() {
    let http_only = settings();
    let verdict = check(WeaviateSettings { grpc_port: http_only.port, ..http_only }).await;
    assert_eq!((verdict.status, verdict.reason), (Status::Unhealthy, Reason::GrpcDown), "{verdict:?}");
}

#[tokio::test]
async fn a_closed_port_and_an_unknown_name_are_told_apart() {
    let refused = check(WeaviateSettings { port: closed_port().await, ..settings() }).await;
    assert_eq!((refused.status, refused.reason), (Status::Unhealthy, Reason::Refused), "{refused:?}");
    let unknown = check(WeaviateSettings { host: "no-such-host.invalid".into(), ..settings() }).await;
    assert_eq!(unknown.reason, Reason::Dns, "{unknown:?}");
}

#[tokio::test]
async fn tls_on_a_plain_port_is_told_apart() {
    let verdict = check(WeaviateSettings { secure: true, ..settings() }).await;
    assert_eq!((verdict.status, verdict.reason), (Status::Unhealthy, Reason::Tls), "{verdict:?}");
}
