//! A client that hangs up, or says so, cancels what was asked on its behalf.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::world::{ALICES, BOBS, World, eventually, run_with};

/// Reads a request of the gateway's, which is never answered.
async fn asked(aurora: &TcpListener) -> TcpStream {
    let (mut connection, _) = aurora.accept().await.unwrap();
    let mut heard = Vec::new();
    while !heard.ends_with(b"\r\n\r\n") {
        assert!(connection.read_buf(&mut heard).await.unwrap() > 0, "the gateway asks whole requests");
    }
    connection
}

/// The gateway has not given the request up a while later.
async fn still_asked(connection: &mut TcpStream) -> bool {
    let mut byte = [0];
    tokio::time::timeout(Duration::from_millis(300), connection.read(&mut byte)).await.is_err()
}

/// Waits until the gateway gives the request up.
async fn given_up(mut connection: TcpStream) {
    let read = tokio::time::timeout(Duration::from_secs(10), connection.read(&mut [0; 16])).await;
    assert_eq!(read.expect("the call is cancelled long before its own timeout").unwrap_or(0), 0);
}

/// A notification as a client sends it: accepted, whatever becomes of it.
async fn cancel(world: &World<'_>, token: &str, id: Value) {
    let params = json!({"requestId": id, "reason": "the user has seen enough"});
    let body = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}).to_string();
    let answer = world.post(&[("authorization", &format!("Bearer {token}"))], body).await;
    assert_eq!((answer.status, answer.text.as_str()), (202, ""));
}

fn call(world: &World<'_>, meta: &Value) -> reqwest::RequestBuilder {
    let params = json!({"name": "list_incidents", "arguments": {}, "_meta": meta});
    world
        .http
        .post(world.url("/mcp"))
        .bearer_auth(ALICES)
        .header("accept", "application/json, text/event-stream")
        .json(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}))
}

#[tokio::test]
async fn hanging_up_cancels_the_call_of_aurora() {
    let aurora = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", aurora.local_addr().unwrap());
    run_with(
        |config| config.aurora.base = base.parse().unwrap(),
        async |world| {
            let modern = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
                "progressToken": "p",
            });
            let with_headers = |request: reqwest::RequestBuilder| {
                request
                    .header("mcp-protocol-version", "2026-07-28")
                    .header("mcp-method", "tools/call")
                    .header("mcp-name", "list_incidents")
            };
            let plain = call(world, &json!({}));
            let streamed = call(world, &json!({"progressToken": 7}));
            let both =
                [("plain", plain), ("streamed", streamed), ("modern", with_headers(call(world, &modern)))];
            for (number, (kind, request)) in both.into_iter().enumerate() {
                let client = tokio::spawn(async move { request.send().await.unwrap().text().await });
                let connection = asked(&aurora).await;
                client.abort();
                given_up(connection).await;
                let counted = format!(r#"target="list_incidents",outcome="cancelled"}} {}"#, number + 1);
                eventually(kind, async || world.metrics().await.contains(&counted)).await;
            }
        },
    )
    .await;
}

#[tokio::test]
async fn a_notification_cancels_the_request_that_it_names_and_nobody_elses() {
    let aurora = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", aurora.local_addr().unwrap());
    run_with(
        |config| config.aurora.base = base.parse().unwrap(),
        async |world| {
            for meta in [json!({}), json!({"progressToken": 7})] {
                let request = call(world, &meta);
                let client = tokio::spawn(async move { request.send().await.unwrap().text().await.unwrap() });
                let mut connection = asked(&aurora).await;
                cancel(world, BOBS, json!(1)).await;
                cancel(world, ALICES, json!(2)).await;
                cancel(world, ALICES, json!("1")).await;
                assert!(still_asked(&mut connection).await, "Alice's request goes on: {meta}");
                cancel(world, ALICES, json!(1)).await;
                given_up(connection).await;
                let text = client.await.unwrap();
                assert!(text.contains("-32800") && text.contains("cancelled by its client"), "{text}");
                cancel(world, ALICES, json!(1)).await;
            }
            let counted = r#"target="list_incidents",outcome="cancelled"} 2"#;
            assert!(world.metrics().await.contains(counted), "{}", world.metrics().await);
        },
    )
    .await;
}
