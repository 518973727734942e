//! What nobody should send: messages, headers, ids. What is hard on a parser of JSON is in `json`, what is no HTTP in `smuggling`,
//! what is too large in `limits`, paths in `api_tool`.

use serde_json::{Value, json};

use crate::world::{ALICES, run};

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
            // An id is a string or a whole number that comes back as it was.
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, 400, -32600),
            (r#"{"jsonrpc":"2.0","id":99999999999999999999,"method":"ping"}"#, 400, -32600),
            (r#"{"jsonrpc":"2.0","id":true,"method":"ping"}"#, 400, -32600),
            (r#"{"jsonrpc":"2.0","id":[1],"method":"ping"}"#, 400, -32600),
            (r#"{"jsonrpc":"2.0","id":{"a":1},"method":"ping"}"#, 400, -32600),
            (r#"{"jsonrpc":"2.0","id":"\ud800","method":"ping"}"#, 400, -32600),
            // A name that is there twice counts for nothing, on every level that the gateway itself reads.
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}"#, 400, -32600),
            (r#"{"jsonrpc":"2.0","jsonrpc":"1.0","id":1,"method":"ping"}"#, 400, -32600),
            (r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{},"params":{}}"#, 400, -32600),
            (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","name":"get_graph_stats"}}"#, 200, -32602),
            (r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{},"_meta":{}}}"#, 200, -32602),
            (r#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"x","uri":"aurora://whoami"}}"#, 200, -32602),
            // Text that is no text.
            ("\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", 400, -32700),
            (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\ud83d"}}"#, 200, -32602),
            ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pi\nng\"}", 400, -32700),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping"}{"jsonrpc":"2.0","id":2,"method":"ping"}"#, 400, -32700),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping",}"#, 400, -32700),
            (r#"{"jsonrpc":"2.0","id":NaN,"method":"ping"}"#, 400, -32700),
            (r"{'jsonrpc':'2.0','id':1,'method':'ping'}", 400, -32700),
            // Names that only look like one.
            (r#"{"jsonrpc":"2.0","id":1,"method":"Ping"}"#, 200, -32601),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping\u0000"}"#, 200, -32601),
            (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_graph_stats\u200b"}}"#, 200, -32602),
            (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ɡet_graph_stats"}}"#, 200, -32602),
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
            (("accept", "text/event-stream"), 406),
            (("content-type", "application/json-patch+json"), 415),
            (("origin", "http://localhost.evil.example"), 403),
            (("origin", "http://localhost@evil.example"), 403),
            (("mcp-protocol-version", "1999-01-01"), 400),
            (("mcp-protocol-version", "2025-11-25, 2026-07-28"), 400),
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
        let long = "x".repeat(8_000);
        for header in [
            ("origin", "http://localhost:6274"),
            ("content-type", "application/json; charset=utf-8"),
            // What nobody reads does no harm.
            ("mcp-session-id", "../../etc/passwd"),
            ("x-request-id", "a, b; drop"),
            ("traceparent", "00-zz-zz-zz"),
            ("tracestate", "=,=,="),
            ("x-forwarded-for", "unknown, [::1, 999.1.1.1"),
            ("x-http-method-override", "DELETE"),
            ("cookie", &long),
        ] {
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
