//! Both eras of the protocol, message by message.

use serde_json::{Value, json};

use crate::world::{ALICES, run};

#[tokio::test]
async fn every_older_revision_is_negotiated() {
    run(async |world| {
        for (asked, agreed) in [
            ("2024-11-05", "2024-11-05"),
            ("2025-03-26", "2025-03-26"),
            ("2025-06-18", "2025-06-18"),
            ("2025-11-25", "2025-11-25"),
            ("2026-07-28", "2025-11-25"),
            ("1999-01-01", "2025-11-25"),
        ] {
            let params = json!({
                "protocolVersion": asked,
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "0"},
            });
            let answer = world.rpc(ALICES, "initialize", params).await;
            let result = answer.result();
            assert_eq!(result["protocolVersion"], agreed, "{asked}");
            assert!(result["capabilities"]["tools"].is_object() && result["instructions"].is_string());
            assert_eq!(answer.header("mcp-session-id"), "", "stateless");
        }
    })
    .await;
}

#[tokio::test]
async fn a_modern_client_discovers_lists_and_calls_without_initialize() {
    run(async |world| {
        let discovered = world.modern(ALICES, "server/discover", json!({})).await.result();
        let versions = discovered["supportedVersions"].as_array().unwrap();
        assert!(versions.contains(&json!("2026-07-28")) && versions.contains(&json!("2024-11-05")));
        for method in ["tools/list", "resources/list", "resources/templates/list", "prompts/list"] {
            let result = world.modern(ALICES, method, json!({})).await.result();
            assert_eq!(result["cacheScope"], "private", "{method} depends on the token");
            assert!(result["ttlMs"].is_number() && result["resultType"] == "complete", "{method}");
        }
        let read = world.modern(ALICES, "resources/read", json!({"uri": "aurora://whoami"})).await.result();
        for result in [&discovered, &read] {
            assert!(result["cacheScope"] == "private" && result["ttlMs"].is_number(), "{result}");
        }
        let call =
            world.modern(ALICES, "tools/call", json!({"name": "get_graph_stats", "arguments": {}})).await;
        assert_eq!(call.json()["id"], "m");
        assert_eq!(call.result()["resultType"], "complete");
    })
    .await;
}

#[tokio::test]
async fn older_clients_see_nothing_of_the_new_revision() {
    run(async |world| {
        let list = world.rpc(ALICES, "tools/list", json!({})).await.result();
        for name in ["resultType", "ttlMs", "cacheScope"] {
            assert!(list.get(name).is_none(), "{name}: {list}");
        }
        let call = world.rpc(ALICES, "tools/call", json!({"name": "get_graph_stats"})).await.result();
        assert!(call.get("resultType").is_none(), "{call}");
    })
    .await;
}

#[tokio::test]
async fn errors_have_the_codes_and_statuses_of_their_era() {
    run(async |world| {
        let legacy = world.rpc(ALICES, "tools/explode", json!({})).await;
        assert_eq!((legacy.status, legacy.code()), (200, -32601));
        let modern = world.modern(ALICES, "tools/explode", json!({})).await;
        assert_eq!((modern.status, modern.code()), (404, -32601));
        let ping = world.rpc(ALICES, "ping", json!({})).await;
        assert_eq!((ping.status, ping.code()), (200, 0));
        let modern_ping = world.modern(ALICES, "ping", json!({})).await;
        assert_eq!((modern_ping.status, modern_ping.code()), (404, -32601));
        let missing = world.modern(ALICES, "resources/read", json!({"uri": "aurora://nothing"})).await;
        assert_eq!(missing.code(), -32602);
        let legacy_missing = world.rpc(ALICES, "resources/read", json!({"uri": "aurora://nothing"})).await;
        assert_eq!(legacy_missing.code(), -32002);
    })
    .await;
}

#[tokio::test]
async fn headers_that_contradict_the_body_are_refused() {
    run(async |world| {
        let bearer = format!("Bearer {ALICES}");
        let body = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": "get_graph_stats", "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
            }},
        });
        for headers in [
            &[][..],
            &[("mcp-protocol-version", "2025-11-25")],
            &[("mcp-protocol-version", "2026-07-28")],
            &[
                ("mcp-protocol-version", "2026-07-28"),
                ("mcp-method", "tools/list"),
                ("mcp-name", "get_graph_stats"),
            ],
            &[
                ("mcp-protocol-version", "2026-07-28"),
                ("mcp-method", "tools/call"),
                ("mcp-name", "get_incident"),
            ],
        ] {
            let mut all = vec![("authorization", bearer.as_str())];
            all.extend_from_slice(headers);
            let answer = world.post(&all, body.to_string()).await;
            assert_eq!((answer.status, answer.code()), (400, -32020), "{headers:?}");
        }
        assert!(world.asked().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn notifications_and_responses_are_accepted_without_an_answer() {
    run(async |world| {
        let bearer = format!("Bearer {ALICES}");
        for body in [
            json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
            json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}),
            json!({"jsonrpc": "2.0", "id": 1, "result": {}}),
        ] {
            let answer = world.post(&[("authorization", &bearer)], body.to_string()).await;
            assert_eq!((answer.status, answer.text.as_str()), (202, ""), "{body}");
        }
    })
    .await;
}

#[tokio::test]
async fn prompts_are_listed_and_filled_in() {
    run(async |world| {
        let list = world.rpc(ALICES, "prompts/list", json!({})).await.result();
        let names: Vec<&Value> =
            list["prompts"].as_array().unwrap().iter().map(|prompt| &prompt["name"]).collect();
        assert_eq!(
            names,
            ["investigate_incident", "blast_radius_analysis", "triage_alert", "summarize_incident"]
        );
        let get = json!({"name": "blast_radius_analysis", "arguments": {"service_name": "checkout"}});
        let prompt = world.rpc(ALICES, "prompts/get", get).await.result();
        assert!(prompt["messages"][0]["content"]["text"].as_str().unwrap().contains("checkout"));
    })
    .await;
}

#[tokio::test]
async fn the_endpoint_is_served_on_the_root_and_only_by_post() {
    run(async |world| {
        let bearer = format!("Bearer {ALICES}");
        for path in ["/", "/mcp", "/mcp/"] {
            let body = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
            let request = world.http.post(world.url(path)).header("authorization", &bearer).json(&body);
            assert_eq!(request.send().await.unwrap().status(), 200, "{path}");
            let get = world.get(path, &[("authorization", &bearer), ("accept", "text/event-stream")]).await;
            assert_eq!((get.status, get.header("allow")), (405, "POST"), "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_ordinary_build_has_no_fixtures_of_the_conformance_suite() {
    run(async |world| {
        for (method, list, name, prefix) in [
            ("tools/list", "tools", "name", "test_"),
            ("prompts/list", "prompts", "name", "test_"),
            ("resources/list", "resources", "uri", "test:"),
            ("resources/templates/list", "resourceTemplates", "uriTemplate", "test:"),
        ] {
            let result = world.rpc(ALICES, method, json!({})).await.result();
            let all = result[list].as_array().unwrap();
            assert!(!all.is_empty(), "{method}");
            let fixtures = all.iter().filter(|item| item[name].as_str().unwrap().starts_with(prefix));
            assert_eq!(fixtures.count(), 0, "{method}");
        }
        let call = world.rpc(ALICES, "tools/call", json!({"name": "test_simple_text"})).await;
        assert_eq!(call.code(), -32602);
        let read = world.rpc(ALICES, "resources/read", json!({"uri": "test://static-text"})).await;
        assert_eq!(read.code(), -32002);
    })
    .await;
}
