//! What only a socket can show: dropped connections, bytes that are no request, a stopped server.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::time::Duration;

use aurora_api_stand_in::{Options, Server, spawn};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn start() -> Server {
    spawn(Options { health_delay: Duration::ZERO, ..Options::new("s3cret") }).await.unwrap()
}

/// Sends bytes and returns all that comes back until the server closes.
async fn exchange(server: &Server, bytes: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn request(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nhost: aurora\r\nconnection: close\r\n\r\n")
}

#[tokio::test]
async fn health_is_served_without_headers() {
    let server = start().await;
    let answer = exchange(&server, &request("/health/")).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("\"overall_status\":\"healthy\""), "{answer}");
}

#[tokio::test]
async fn a_dropped_connection_carries_no_byte() {
    let server = start().await;
    let order = r#"{"kind": "drop"}"#;
    let control = format!(
        "POST /_test/faults HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{order}",
        order.len()
    );
    assert!(exchange(&server, &control).await.starts_with("HTTP/1.1 200"));
    assert_eq!(exchange(&server, &request("/health/")).await, "");
    assert!(exchange(&server, &request("/health/")).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn raw_bytes_in_a_path_are_refused_and_recorded() {
    let server = start().await;
    for target in ["/api/a b", "/api/a\tb", "/api/\u{1}"] {
        let answer = exchange(&server, &request(target)).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{target:?}: {answer}");
    }
    let journal = exchange(&server, &request("/_test/requests")).await;
    assert!(journal.contains("\"violation\":\"unreadable\""), "{journal}");
    assert!(journal.contains("\"violations\":3"), "{journal}");
}

#[tokio::test]
async fn a_path_with_dots_or_umlauts_is_refused_and_recorded() {
    let server = start().await;
    for target in ["/api/../health/", "/api/%2e%2e/x", "/api/\u{e4}"] {
        let answer = exchange(&server, &request(target)).await;
        assert!(answer.starts_with("HTTP/1.1 500") && answer.contains("STAND-IN"), "{target:?}: {answer}");
    }
}
