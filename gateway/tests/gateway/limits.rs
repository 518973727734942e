//! What the edge can bear, and what it says beyond.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{ALICES, run, run_with};

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    run(async |world| {
        let bearer = format!("Bearer {ALICES}");
        let answer = world.post(&[("authorization", &bearer)], vec![b' '; 3 * 1024 * 1024]).await;
        assert_eq!(answer.status, 413);
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
async fn requests_beyond_the_limit_are_shed_at_once() {
    run_with(
        |config| config.limits.concurrent_requests = 1,
        async |world| {
            world.order("faults", json!({"kind": "slow", "ms": 600, "path": "/api/incidents"})).await;
            let slow = world.rpc(ALICES, "tools/call", json!({"name": "list_incidents"}));
            let quick = async {
                tokio::time::sleep(Duration::from_millis(200)).await;
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
