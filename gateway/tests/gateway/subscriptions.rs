//! `subscriptions/listen`.

use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};

use crate::world::{ALICES, World, run};

struct Listening {
    response: Response,
    heard: String,
}

impl Listening {
    async fn new(world: &World<'_>, uris: &[&str]) -> Self {
        let body = json!({"jsonrpc": "2.0", "id": "sub", "method": "subscriptions/listen", "params": {
            "notifications": {"resourceSubscriptions": uris},
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        }});
        let request = world
            .http
            .post(world.url("/mcp"))
            .bearer_auth(ALICES)
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2026-07-28")
            .header("mcp-method", "subscriptions/listen")
            .json(&body);
        Self { response: request.send().await.unwrap(), heard: String::new() }
    }

    /// The next message; none when the stream has ended.
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(at) = self.heard.find("\n\n") {
                let rest = self.heard.split_off(at + 2);
                let event = std::mem::replace(&mut self.heard, rest);
                if let Some(data) = event.strip_prefix("data: ") {
                    return Some(serde_json::from_str(data).unwrap());
                }
                continue;
            }
            let chunk = tokio::time::timeout(Duration::from_secs(20), self.response.chunk()).await;
            let chunk = chunk.expect("something is heard in time").unwrap()?;
            self.heard.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

#[tokio::test]
async fn changes_of_health_are_announced_under_the_subscription() {
    run(async |world| {
        let uris = ["aurora://health", "aurora://health/aurora_api", "aurora://whoami"];
        let mut listening = Listening::new(world, &uris).await;
        let first = listening.next().await.unwrap();
        assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
        let accepted = &first["params"]["notifications"]["resourceSubscriptions"];
        assert_eq!(*accepted, json!(["aurora://health", "aurora://health/aurora_api"]), "and no other");
        world.order("faults", json!({"kind": "error", "count": 1000, "path": "/health"})).await;
        loop {
            let message = listening.next().await.unwrap();
            assert_eq!(message["method"], "notifications/resources/updated");
            assert_eq!(message["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], "sub");
            if message["params"]["uri"] == "aurora://health/aurora_api" {
                break;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_stream_ends_with_a_result_when_the_gateway_stops() {
    run(async |world| {
        let mut listening = Listening::new(world, &["aurora://health/kubernetes"]).await;
        listening.next().await.unwrap();
        world.gateway.stop_accepting();
        let last = listening.next().await.unwrap();
        assert_eq!(last["id"], "sub");
        assert_eq!(last["result"]["_meta"]["io.modelcontextprotocol/subscriptionId"], "sub");
        assert!(listening.next().await.is_none());
    })
    .await;
}

#[tokio::test]
async fn older_revisions_have_no_subscriptions() {
    run(async |world| {
        for method in ["subscriptions/listen", "resources/subscribe"] {
            let answer = world.rpc(ALICES, method, json!({"uri": "aurora://health"})).await;
            assert_eq!(answer.code(), -32601, "{method}");
        }
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}});
        let result = world.rpc(ALICES, "initialize", params).await.result();
        assert!(result["capabilities"]["resources"].get("subscribe").is_none(), "nothing is promised");
        let discovered = world.modern(ALICES, "server/discover", json!({})).await.result();
        assert_eq!(discovered["capabilities"]["resources"]["subscribe"], true);
    })
    .await;
}
