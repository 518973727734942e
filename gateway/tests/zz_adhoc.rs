//! x
#![allow(clippy::all, clippy::pedantic, clippy::unwrap_used, clippy::print_stdout)]
use aurora_mcp_gateway::health::*;
#[tokio::test]
async fn adhoc() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let lookup = |name: &str| match name { "AURORA_NAMESPACE" | "AURORA_RELEASE" => Some("aurora-oss".to_owned()), "POSTGRES_HOST" | "POSTGRES_DB" | "POSTGRES_USER" | "REDIS_URL" => Some("redis://127.0.0.1:1/0".to_owned()), _ => None };
    let store = aurora_mcp_store::Store::connect_lazy(&aurora_mcp_store::Settings::from_lookup(lookup).unwrap(), "t", 1);
    let client = kube::Client::try_default().await.unwrap();
    let h = start(HealthConfig::from_lookup(lookup), Dependencies { store, http: reqwest::Client::new(), kubernetes: Some(client) }, &mut prometheus_client::registry::Registry::default());
    for _ in 0..6 { tokio::time::sleep(std::time::Duration::from_secs(1)).await; println!("{}", serde_json::to_string(&*h.component("kubernetes").unwrap()).unwrap()); }
}
