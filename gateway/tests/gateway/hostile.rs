//! What nobody should send: headers, JSON, Unicode, depth, size.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{ALICES, World, run};

/// Sends bytes as they are and returns the status line.
async fn raw(world: &World<'_>, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(world.gateway.address()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(std::time::Duration::from_secs(3), read).await;
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn bodies_that_are_no_message_have_exact_errors() {
    run(async |world| {
        let bearer = format!("Bearer {ALICES}");
        let deep = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"get_graph_stats","arguments":{{"a":{}{}}}}}}}"#,
            "[".repeat(5_000),
            "]".repeat(5_000)
        );
        for (body, status, code) in [
            ("", 400, -32700),
            ("{", 400, -32700),
            ("not json", 400, -32700),
            ("null", 400, -32600),
            ("[]", 400, -32600),
            (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, 400, -32600),
            (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, 400, -32600),
            (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, 400, -32600),
            (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}"#, 200, -32602),
            (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":[]}}"#, 200, -32602),
            (r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"x"}}"#, 200, -32602),
            (r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":7}}"#, 200, -32602),
            (deep.as_str(), 200, -32602),
        ] {
            let answer = world.post(&[("authorization", &bearer)], body.to_owned()).await;
            let shown: String = body.chars().take(80).collect();
            assert_eq!((answer.status, answer.code()), (status, code), "{shown}: {}", answer.text);
            assert_eq!(answer.json()["jsonrpc"], "2.0");
        }
    })
    .await;
}

#[tokio::test]
async fn headers_that_do_not_fit_are_refused() {
    run(async |world| {
        let bearer = format!("Bearer {ALICES}");
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string();
        for (header, status) in [
            (("host", "evil.example"), 421),
            (("host", "localhost.evil.example"), 421),
            (("origin", "https://evil.example"), 403),
            (("origin", "null"), 403),
            (("content-type", "text/plain"), 415),
            (("content-type", "application/x-www-form-urlencoded"), 415),
            (("accept", "text/html"), 406),
            (("mcp-protocol-version", "1999-01-01"), 400),
        ] {
            let answer = world.post(&[("authorization", &bearer), header], body.clone()).await;
            assert_eq!(answer.status, status, "{header:?}");
            assert!(answer.json().is_object(), "{header:?}");
            let right = match header.0 {
                "host" => "gateway.allowedHosts in the chart, or MCP_ALLOWED_HOSTS",
                "origin" => "gateway.allowedOrigins in the chart, or MCP_ALLOWED_ORIGINS",
                _ => "",
            };
            assert!(answer.text.contains(right), "{header:?}: {}", answer.text);
        }
        for header in
            [("origin", "http://localhost:6274"), ("content-type", "application/json; charset=utf-8")]
        {
            let answer = world.post(&[("authorization", &bearer), header], body.clone()).await;
            assert_eq!(answer.status, 200, "{header:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn discovery_of_an_authorization_server_finds_none() {
    run(async |world| {
        for path in [
            "/.well-known/oauth-protected-resource",
            "/.well-known/oauth-authorization-server/mcp",
            "/register",
            "/x",
        ] {
            let answer = world.get(path, &[]).await;
            assert_eq!((answer.status, answer.json()["error"].as_str()), (404, Some("not_found")), "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn smuggled_and_broken_requests_get_nowhere() {
    run(async |world| {
        let head = format!("POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ALICES}\r\n");
        for rest in [
            "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc",
            "Content-Length: -1\r\n\r\n",
            "X: a\r\n b: folded\r\n\r\n",
            "Bad Header: x\r\n\r\n",
        ] {
            let line = raw(world, format!("{head}{rest}").as_bytes()).await;
            assert!(!line.contains("200"), "{rest:?}: {line}");
        }
        assert!(
            raw(world, b"\x16\x03\x01\x02\x00").await.is_empty()
                || !raw(world, b"\x16\x03").await.contains("200")
        );
        assert_eq!(world.rpc(ALICES, "ping", json!({})).await.status, 200, "others are served");
    })
    .await;
}

#[tokio::test]
async fn ids_that_are_no_uuid_are_answered_without_asking_aurora() {
    run(async |world| {
        for id in [
            json!(""),
            json!(null),
            json!(42),
            json!("recent-unlinked"),
            json!("../../chat_api/sessions"),
            json!("11111111-1111-4111-8111-000000000001/alerts"),
            json!("11111111-1111-4111-8111-000000000001?x=1"),
            json!("11111111-1111-4111-8111-000000000001%2f.."),
            json!("11111111-1111-4111-8111-00000000000\u{0660}"),
            json!("\u{202e}11111111-1111-4111-8111-000000000001"),
        ] {
            let text = world.failing_call("get_incident", json!({"incident_id": id})).await;
            assert!(text.contains("must be a UUID"), "{id}: {text}");
        }
        let wrong = world.failing_call("get_incident", json!({"incident_id": {"a": 1}})).await;
        assert!(wrong.contains("expected text"), "{wrong}");
        assert_eq!(world.asked().await, Vec::<Value>::new());
    })
    .await;
}

#[tokio::test]
async fn a_browser_gets_a_page_and_no_data() {
    run(async |world| {
        for path in ["/", "/mcp"] {
            let answer = world.get(path, &[("accept", "text/html,application/xhtml+xml,*/*;q=0.8")]).await;
            assert_eq!(answer.status, 200, "{path}");
            assert!(answer.header("content-type").starts_with("text/html"));
            assert!(answer.header("content-security-policy").contains("default-src 'none'"));
            assert!(answer.text.contains("mcpServers"));
        }
        let rebound = world.get("/", &[("accept", "text/html"), ("host", "evil.example")]).await;
        assert_eq!(rebound.status, 421);
    })
    .await;
}
