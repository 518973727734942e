//! Spans reach a collector, and what is buffered reaches it at shutdown.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::time::Duration;

use aurora_mcp_telemetry::{LogFormat, Settings, init};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// The method of the OTLP protocol over gRPC.
const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

async fn export(State(heard): State<mpsc::UnboundedSender<Bytes>>, body: Bytes) -> impl IntoResponse {
    let _ = heard.send(body);
    [("content-type", "application/grpc"), ("grpc-status", "0")]
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_are_exported_with_the_services_name() {
    let (sender, mut heard) = mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let collector = Router::new().route(EXPORT, post(export)).with_state(sender);
    tokio::spawn(async { axum::serve(listener, collector).await });

    let settings = Settings {
        service: "service-under-test",
        version: "1.2.3",
        format: LogFormat::Json,
        filter: "info".to_owned(),
        otlp_endpoint: Some(endpoint),
    };
    let telemetry = init(&settings).unwrap();
    tracing::info_span!("span_under_test").in_scope(|| tracing::info!("event under test"));
    tracing::debug_span!(target: "aurora_mcp_under_test", "span_of_ours").in_scope(|| ());
    tracing::debug_span!("span_of_others").in_scope(|| ());
    tokio::task::spawn_blocking(|| telemetry.shutdown()).await.unwrap();

    let body = tokio::time::timeout(Duration::from_secs(10), heard.recv()).await.unwrap().unwrap();
    // Protocol buffers carry text as it is.
    let has = |text: &str| body.windows(text.len()).any(|window| window == text.as_bytes());
    for text in ["service-under-test", "1.2.3", "span_under_test", "event under test", "span_of_ours"] {
        assert!(has(text), "{text} was not exported");
    }
    assert!(!has("span_of_others"), "other crates' spans are exported from level info on");
}
