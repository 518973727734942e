//! Bytes that two parsers could read differently: never a second request, never a guess.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::{ALICES, World, run};

/// What came back on one connection.
#[derive(Debug)]
struct Heard {
    /// The statuses of all answers.
    statuses: Vec<u16>,
    /// The gateway closed the connection.
    closed: bool,
}

/// The gateway is to close the connection.
const ALL: usize = usize::MAX;
/// As long as an answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// As long as one answer more than `wanted` is listened for.
const QUIET: Duration = Duration::from_millis(300);

/// Sends bytes as they are and reads until the gateway closes, or is quiet after so many answers.
async fn raw(world: &World<'_>, bytes: &[u8], wanted: usize) -> Heard {
    let mut stream = TcpStream::connect(world.gateway.address()).await.unwrap();
    // The gateway may close before it has read all.
    let _ = stream.write_all(bytes).await;
    let mut heard = Vec::new();
    loop {
        let statuses = statuses(&heard);
        let patience = if statuses.len() >= wanted { QUIET } else { PATIENCE };
        match tokio::time::timeout(patience, stream.read_buf(&mut heard)).await {
            Ok(Ok(read)) if read > 0 => {}
            Ok(_) => return Heard { statuses, closed: true },
            Err(_) => return Heard { statuses, closed: false },
        }
    }
}

fn statuses(heard: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(heard);
    text.split("HTTP/1.").skip(1).filter_map(|part| part.get(2..5)?.parse().ok()).collect()
}

/// A call of a tool that would be seen at Aurora.
fn call() -> String {
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "get_graph_stats"}})
        .to_string()
}

fn head() -> String {
    format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ALICES}\r\nContent-Type: application/json\r\n"
    )
}

/// A whole request, to be hidden in the body of another.
fn hidden() -> String {
    format!("{}Content-Length: {}\r\n\r\n{}", head(), call().len(), call())
}

#[tokio::test]
async fn a_length_that_can_be_read_in_two_ways_is_refused() {
    run(async |world| {
        let (body, length) = (call(), call().len());
        for (lengths, status) in [
            (format!("Content-Length: {length}\r\nContent-Length: {}\r\n", length + 1), 400),
            (format!("Content-Length: {length}, {length}\r\n"), 400),
            (format!("Content-Length: +{length}\r\n"), 400),
            (format!("Content-Length: -{length}\r\n"), 400),
            (format!("Content-Length: 0x{length:x}\r\n"), 400),
            (format!("Content-Length: {length} {length}\r\n"), 400),
            (format!("Content-Length: {length}_0\r\n"), 400),
            ("Content-Length: \r\n".to_owned(), 400),
            ("Content-Length: 184467440737095516160\r\n".to_owned(), 400),
            ("Transfer-Encoding: identity\r\n".to_owned(), 400),
            ("Transfer-Encoding: chunked, identity\r\n".to_owned(), 400),
            ("Transfer-Encoding: xchunked\r\n".to_owned(), 400),
            ("Transfer-Encoding: \"chunked\"\r\n".to_owned(), 400),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n".to_owned(), 400),
            (format!("Content-Length : {length}\r\n"), 400),
            (format!(" Content-Length: {length}\r\n"), 400),
            (format!("Content-Length: {length}\r\n\tfolded\r\n"), 400),
            (format!("X: a\r\n b\r\nContent-Length: {length}\r\n"), 400),
            (format!("Content\0-Length: {length}\r\n"), 400),
            (format!("X: a\rContent-Length: {length}\r\n"), 400),
            (format!("X: a\0b\r\nContent-Length: {length}\r\n"), 400),
        ] {
            let heard = raw(world, format!("{}{lengths}\r\n{body}", head()).as_bytes(), ALL).await;
            assert_eq!((heard.statuses.as_slice(), heard.closed), (&[status][..], true), "{lengths:?}");
        }
        let old = head().replace("HTTP/1.1", "HTTP/1.0");
        let heard =
            raw(world, format!("{old}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n").as_bytes(), ALL).await;
        assert_eq!((heard.statuses.as_slice(), heard.closed), (&[400][..], true), "chunks in HTTP/1.0");
        assert!(world.asked().await.is_empty(), "none of it reached a tool");
    })
    .await;
}

#[tokio::test]
async fn what_follows_a_body_in_chunks_is_not_a_request_where_a_length_said_otherwise() {
    run(async |world| {
        let smuggled = format!("0\r\n\r\n{}", hidden());
        for order in [
            format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n", smuggled.len()),
            format!("Transfer-Encoding: chunked\r\nContent-Length: {}\r\n", smuggled.len()),
            format!(
                "Transfer-Encoding: chunked\r\nContent-Length: {0}\r\nContent-Length: {0}\r\n",
                smuggled.len()
            ),
        ] {
            let heard = raw(world, format!("{}{order}\r\n{smuggled}", head()).as_bytes(), ALL).await;
            assert_eq!((heard.statuses.as_slice(), heard.closed), (&[400][..], true), "{order:?}");
        }
        assert!(world.asked().await.is_empty(), "the hidden request was served");
    })
    .await;
}

#[tokio::test]
async fn chunks_that_are_no_chunks_end_the_connection() {
    run(async |world| {
        let (body, length) = (call(), call().len());
        for chunks in [
            format!("-1\r\n{body}\r\n0\r\n\r\n"),
            format!("0x{length:x}\r\n{body}\r\n0\r\n\r\n"),
            format!("{length:x} {length:x}\r\n{body}\r\n0\r\n\r\n"),
            format!("ffffffffffffffffff\r\n{body}\r\n0\r\n\r\n"),
            format!("{length:x}\n{body}\n0\n\n"),
            format!("{:x}\r\n{body}\r\n0\r\n\r\n", length - 1),
            format!("\r\n{body}\r\n0\r\n\r\n"),
            format!("zz\r\n{body}\r\n0\r\n\r\n"),
        ] {
            let sent = format!("{}Transfer-Encoding: chunked\r\n\r\n{chunks}{}", head(), hidden());
            let heard = raw(world, sent.as_bytes(), ALL).await;
            assert!(heard.closed, "{chunks:?}: {heard:?}");
            assert_eq!(heard.statuses, [400], "{chunks:?}");
        }
        assert!(world.asked().await.is_empty(), "none of it reached a tool");
        let whole =
            format!("{}Transfer-Encoding: chunked\r\n\r\n{length:x};x=y\r\n{body}\r\n0\r\n\r\n", head());
        assert_eq!(raw(world, whole.as_bytes(), 1).await.statuses, [200], "real ones are read");
    })
    .await;
}

#[tokio::test]
async fn request_lines_that_mean_something_else_are_refused() {
    run(async |world| {
        let rest = format!(
            "Authorization: Bearer {ALICES}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
            call().len(),
            call()
        );
        let long = "x".repeat(70_000);
        for (line, host, status) in [
            ("POST http://evil.example/mcp HTTP/1.1", "localhost", 421),
            ("POST http://localhost@evil.example/mcp HTTP/1.1", "localhost", 421),
            ("POST /mcp HTTP/1.1", "evil.example", 421),
            ("POST /mcp HTTP/1.1", "localhost, evil.example", 421),
            ("POST /mcp HTTP/1.1", "localhost\r\nHost: localhost", 421),
            ("POST /mcp HTTP/1.1", "localhost:8811@evil.example", 421),
            ("POST //mcp HTTP/1.1", "localhost", 404),
            ("POST /mcp/../healthz HTTP/1.1", "localhost", 404),
            ("POST /%6dcp HTTP/1.1", "localhost", 404),
            ("POST /MCP HTTP/1.1", "localhost", 404),
            ("post /mcp HTTP/1.1", "localhost", 405),
            ("GET /mcp HTTP/1.1", "localhost", 405),
            ("TRACE /mcp HTTP/1.1", "localhost", 405),
            ("POST  /mcp HTTP/1.1", "localhost", 400),
            ("POST /mcp HTTP/1.1 x", "localhost", 400),
            ("POST /mcp HTTP/3.0", "localhost", 400),
            ("POST /m\tcp HTTP/1.1", "localhost", 400),
            ("POST mcp HTTP/1.1", "localhost", 404),
            (&format!("POST /{long} HTTP/1.1"), "localhost", 431),
        ] {
            let heard = raw(world, format!("{line}\r\nHost: {host}\r\n{rest}").as_bytes(), 1).await;
            let shown: String = line.chars().take(60).collect();
            assert_eq!(heard.statuses.first(), Some(&status), "{shown} {host:?}: {heard:?}");
            assert!(heard.statuses.iter().all(|status| *status >= 400), "{shown}: {heard:?}");
        }
        let without = format!("POST /mcp HTTP/1.1\r\n{rest}");
        assert_eq!(raw(world, without.as_bytes(), 1).await.statuses, [421], "no Host");
        for garbage in [&b"\x16\x03\x01\x02\x00"[..], b"\0\0\0\0\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"] {
            assert!(!raw(world, garbage, 0).await.statuses.contains(&200), "{garbage:?}");
        }
        assert!(world.asked().await.is_empty(), "none of it reached a tool");
        assert_eq!(world.rpc(ALICES, "ping", json!({})).await.status, 200, "others are served");
    })
    .await;
}

#[tokio::test]
async fn two_requests_in_one_packet_are_two_requests() {
    run(async |world| {
        let heard = raw(world, format!("{0}{0}", hidden()).as_bytes(), 2).await;
        assert_eq!(heard.statuses, [200, 200]);
        assert_eq!(world.asked().await.len(), 2);
    })
    .await;
}
