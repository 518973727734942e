//! What the edge can bear, and what it says beyond.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{ALICES, BOBS, World, eventually, run, run_with};

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    run(async |world| {
        let bearer = format!("Bearer {ALICES}");
        let answer = world.post(&[("authorization", &bearer)], vec![b' '; 3 * 1024 * 1024]).await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (413, Some("too_large")));
    })
    .await;
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_refused() {
    run_with(
        |config| config.limits.body_read = Duration::from_millis(200),
        async |world| {
            let mut stream = TcpStream::connect(world.gateway.address()).await.unwrap();
            let head = format!(
                "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ALICES}\r\n\
                 Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"HTTP/1.1 408");
        },
    )
    .await;
}

#[tokio::test]
async fn a_request_that_takes_longer_than_any_may_is_told_so() {
    run_with(
        |config| config.limits.request = Duration::from_millis(200),
        async |world| {
            world.order("faults", json!({"kind": "slow", "ms": 5_000, "path": "/api/incidents"})).await;
            let answer = world.rpc(ALICES, "tools/call", json!({"name": "list_incidents"})).await;
            assert_eq!((answer.status, answer.json()["error"].as_str()), (504, Some("too_long")));
            let message = answer.json()["message"].as_str().unwrap_or_default().to_owned();
            assert!(message.contains("0.2 s"), "{message}");
        },
    )
    .await;
}

#[tokio::test]
async fn requests_beyond_the_limit_are_shed_at_once() {
    run_with(
        |config| config.limits.concurrent_requests = 1,
        async |world| {
            world.order("faults", json!({"kind": "slow", "ms": 600, "path": "/api/incidents"})).await;
            let slow = world.rpc(ALICES, "tools/call", json!({"name": "list_incidents"}));
            let quick = async {
                tokio::time::sleep(Duration::from_millis(200)).await;
                let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
                let root = world.http.post(world.url("/")).bearer_auth(ALICES).json(&ping);
                assert_eq!(root.send().await.unwrap().status(), 503, "the limit is one for all paths");
                world.rpc(ALICES, "ping", json!({})).await
            };
            let (slow, quick) = tokio::join!(slow, quick);
            assert_eq!(slow.status, 200);
            assert_eq!((quick.status, quick.json()["error"].as_str()), (503, Some("overloaded")));
            assert!(!quick.header("retry-after").is_empty());
        },
    )
    .await;
}

#[tokio::test]
async fn headers_beyond_the_limit_are_refused() {
    run(async |world| {
        let large = "x".repeat(60 * 1024);
        assert_eq!(world.get("/healthz", &[("x-large", &large)]).await.status, 431);
        let names: Vec<String> = (0..100).map(|number| format!("x-{number}")).collect();
        let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x")).collect();
        assert_eq!(world.get("/healthz", &many).await.status, 431);
    })
    .await;
}

#[tokio::test]
async fn a_refused_request_leaves_its_connection_to_the_next_one() {
    run(async |world| {
        let mut stream = TcpStream::connect(world.gateway.address()).await.unwrap();
        for request in 0..3 {
            // Some clients send the body when the headers are on their way.
            let head = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n";
            stream.write_all(head).await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
            stream.write_all(b"{}").await.unwrap();
            let mut answer = Vec::new();
            while !answer.ends_with(b"}") {
                assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "request {request} has no answer");
            }
            assert!(answer.starts_with(b"HTTP/1.1 401 "), "{}", String::from_utf8_lossy(&answer));
        }
    })
    .await;
}

#[tokio::test]
async fn a_large_body_of_a_refused_request_is_not_waited_for() {
    run(async |world| {
        let mut stream = TcpStream::connect(world.gateway.address()).await.unwrap();
        let head = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n";
        stream.write_all(head).await.unwrap();
        let mut answer = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
        assert!(
            ended.is_ok() && answer.starts_with(b"HTTP/1.1 401 "),
            "{}",
            String::from_utf8_lossy(&answer)
        );
    })
    .await;
}

#[tokio::test]
async fn a_client_that_never_ends_its_headers_is_dropped() {
    run_with(
        |config| config.limits.header_read = Duration::from_millis(200),
        async |world| {
            let mut stream = TcpStream::connect(world.gateway.address()).await.unwrap();
            stream.write_all(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-Slow: ").await.unwrap();
            let mut answer = Vec::new();
            let closed = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
            assert!(closed.is_ok(), "the connection is closed");
        },
    )
    .await;
}

#[tokio::test]
async fn a_token_that_goes_too_fast_waits_and_slows_no_other() {
    run_with(
        |config| config.shares.token_per_second = 1,
        async |world| {
            eventually("the token has to wait", async || {
                let answer = world.rpc(ALICES, "ping", json!({})).await;
                answer.status == 429 && answer.json()["reason"] == "too_fast"
            })
            .await;
            assert_eq!(world.rpc(BOBS, "ping", json!({})).await.status, 200);
        },
    )
    .await;
}

#[tokio::test]
async fn an_address_that_asks_too_often_waits_but_tokens_that_worked_pass() {
    run_with(
        |config| config.shares.address_per_second = 1,
        async |world| {
            assert_eq!(world.rpc(ALICES, "ping", json!({})).await.status, 200);
            for token in ["no-token", BOBS] {
                eventually("the address has to wait", async || {
                    let answer = world.rpc(token, "ping", json!({})).await;
                    let waits = answer.status == 429 && answer.json()["reason"] == "address_too_fast";
                    waits && !answer.header("retry-after").is_empty()
                })
                .await;
            }
            for _ in 0..10 {
                assert_eq!(world.rpc(ALICES, "ping", json!({})).await.status, 200);
            }
            // Who looks whether the gateway is there is not counted.
            assert_eq!(world.get("/healthz", &[]).await.status, 200);
        },
    )
    .await;
}

#[tokio::test]
async fn a_token_that_has_its_share_open_waits_and_leaves_the_others_theirs() {
    run_with(
        |config| config.shares.token_at_once = 2,
        async |world| {
            let mut streams = vec![listen(world).await, listen(world).await];
            assert!(streams.iter().all(|stream| stream.status() == 200));
            let answer = world.rpc(ALICES, "ping", json!({})).await;
            assert_eq!((answer.status, answer.json()["reason"].as_str()), (429, Some("too_many_at_once")));
            assert!(!answer.header("retry-after").is_empty());
            assert_eq!(world.rpc(BOBS, "ping", json!({})).await.status, 200);
            streams.pop();
            eventually("a closed stream gives its turn back", async || {
                world.rpc(ALICES, "ping", json!({})).await.status == 200
            })
            .await;
        },
    )
    .await;
}

async fn listen(world: &World<'_>) -> reqwest::Response {
    let params = json!({
        "notifications": {"resourceSubscriptions": ["aurora://health/kubernetes"]},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    });
    let request = world.http.post(world.url("/mcp")).bearer_auth(ALICES);
    let request =
        request.header("mcp-protocol-version", "2026-07-28").header("mcp-method", "subscriptions/listen");
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": params});
    request.json(&body).send().await.unwrap()
}
