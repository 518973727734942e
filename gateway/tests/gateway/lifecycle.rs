//! Starting, outages, stopping.

use std::time::Duration;

use aurora_mcp_store::Settings;
use serde_json::json;

use crate::world::{ALICES, run, run_with};

/// Settings that lead to a port where nobody listens.
fn nowhere() -> Settings {
    Settings::from_lookup(|name| {
        let value = match name {
            "POSTGRES_HOST" => "127.0.0.1",
            "POSTGRES_PORT" => "1",
            "POSTGRES_DB" | "POSTGRES_USER" => "aurora",
            "POSTGRES_SSLMODE" => "disable",
            _ => return None,
        };
        Some(value.to_owned())
    })
    .unwrap()
}

#[tokio::test]
async fn while_postgres_is_away_the_answer_is_503_and_never_401() {
    run_with(
        |config| config.store = nowhere(),
        async |world| {
            let answer = world.rpc(ALICES, "tools/list", json!({})).await;
            assert_eq!(answer.status, 503, "{answer:?}");
            assert!(!answer.header("retry-after").is_empty());
            assert_eq!(answer.header("www-authenticate"), "");
            assert_eq!(answer.json()["reason"], "store_away");
            assert_eq!(world.post(&[], "{}").await.status, 401, "no token needs no database");
            assert_eq!(world.get("/healthz", &[]).await.status, 200);
            assert_eq!(world.get("/readyz", &[]).await.status, 200);
        },
    )
    .await;
}

#[tokio::test]
async fn probes_need_neither_token_nor_host() {
    run(async |world| {
        for path in ["/healthz", "/readyz"] {
            assert_eq!(world.get(path, &[("host", "10.1.2.3:8811")]).await.status, 200, "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_request_in_flight_outlives_the_signal_to_stop() {
    run(async |world| {
        world.order("faults", json!({"kind": "slow", "ms": 700, "path": "/api/incidents"})).await;
        let call = world.rpc(ALICES, "tools/call", json!({"name": "list_incidents"}));
        let stop = async {
            while !world.metrics().await.contains("aurora_mcp_requests_in_flight 1") {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            world.gateway.stop_accepting();
        };
        let (answer, ()) = tokio::join!(call, stop);
        assert_eq!(answer.status, 200);
        assert!(answer.result()["structuredContent"]["incidents"].is_array());
    })
    .await;
}

#[tokio::test]
async fn a_gateway_that_goes_sends_its_clients_to_another_and_still_answers() {
    run(async |world| {
        let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string();
        let bearer = format!("Bearer {ALICES}");
        let ask = async || world.post(&[("authorization", &bearer)], ping.clone()).await;
        assert_eq!(ask().await.header("connection"), "");
        world.gateway.say_farewell();
        assert_eq!(world.get("/readyz", &[]).await.status, 503);
        let last = ask().await;
        assert_eq!((last.status, last.header("connection")), (200, "close"));
        assert_eq!(ask().await.status, 200, "on a new connection, for as long as some still come");
    })
    .await;
}
