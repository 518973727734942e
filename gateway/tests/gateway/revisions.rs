//! One table of errors for every revision: the code, and the HTTP status that goes with it.

use serde_json::{Value, json};

use crate::world::{ALICES, Answer, World, run};

const MODERN: &str = "2026-07-28";
/// Each revision, and whether its clients send the `MCP-Protocol-Version` header.
const REVISIONS: [(&str, bool); 5] = [
    ("2024-11-05", false),
    ("2025-03-26", false),
    ("2025-06-18", true),
    ("2025-11-25", true),
    (MODERN, true),
];

/// A client of one revision.
struct Client<'a> {
    world: &'a World<'a>,
    revision: &'static str,
    sends_header: bool,
}

impl Client<'_> {
    async fn send(&self, method: &str, name: &str, body: String, version: Option<&str>) -> Answer {
        let bearer = format!("Bearer {ALICES}");
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(version.map(|version| ("mcp-protocol-version", version)));
        if self.revision == MODERN {
            headers.extend([("mcp-method", method), ("mcp-name", name)]);
        }
        self.world.post(&headers, body).await
    }

    fn version(&self) -> Option<&str> {
        self.sends_header.then_some(self.revision)
    }

    /// What no JSON-RPC parser takes for a request.
    async fn raw(&self, body: &str) -> Answer {
        self.send("ping", "-", body.to_owned(), self.version()).await
    }

    fn request(&self, method: &str, mut params: Value) -> String {
        if self.revision == MODERN {
            params["_meta"] = meta(MODERN);
        }
        json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).to_string()
    }

    async fn ask(&self, method: &str, params: Value) -> Answer {
        let name = params["name"].as_str().or_else(|| params["uri"].as_str()).unwrap_or("-").to_owned();
        self.send(method, &name, self.request(method, params), self.version()).await
    }
}

fn meta(version: &str) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

fn seen(answer: &Answer) -> (u16, i64) {
    (answer.status, answer.code())
}

async fn each(test: impl AsyncFn(&Client<'_>)) {
    run(async |world| {
        for (revision, sends_header) in REVISIONS {
            test(&Client { world, revision, sends_header }).await;
        }
        assert!(world.asked().await.is_empty(), "nothing of it reached Aurora");
    })
    .await;
}

#[tokio::test]
async fn what_is_no_request_is_a_bad_request_in_every_revision() {
    each(async |client| {
        for (body, code) in [
            ("{", -32700),
            ("{\"jsonrpc\":\"2.0\",}", -32700),
            ("[]", -32600),
            (r#"[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]"#, -32600),
            (r#"{"jsonrpc":"1.0","id":1,"method":"tools/list"}"#, -32600),
            (r#"{"jsonrpc":"2.0","id":null,"method":"tools/list"}"#, -32600),
            (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, -32600),
            (r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":[]}"#, -32600),
        ] {
            let answer = client.raw(body).await;
            assert_eq!(seen(&answer), (400, code), "{} {body}", client.revision);
        }
    })
    .await;
}

#[tokio::test]
async fn methods_and_params_have_the_codes_of_json_rpc_in_every_revision() {
    each(async |client| {
        let revision = client.revision;
        let no_method = if revision == MODERN { (404, -32601) } else { (200, -32601) };
        for method in ["tools/explode", "logging/setLevel", "resources/subscribe", "tasks/list"] {
            let answer = client.ask(method, json!({})).await;
            assert_eq!(seen(&answer), no_method, "{revision} {method}");
            assert_eq!(answer.json()["id"], 7, "{revision} {method}");
        }
        for (method, params) in [
            ("tools/call", json!({})),
            ("tools/call", json!({"name": 7})),
            ("tools/call", json!({"name": "no_such_tool"})),
            ("tools/call", json!({"name": "get_graph_stats", "arguments": []})),
            ("tools/list", json!({"cursor": "x"})),
            ("resources/read", json!({})),
            ("prompts/get", json!({"name": "no_such_prompt"})),
            ("completion/complete", json!({"ref": 1})),
        ] {
            let answer = client.ask(method, params.clone()).await;
            assert_eq!(seen(&answer), (200, -32602), "{revision} {method} {params}");
        }
        let missing = if revision == MODERN { -32602 } else { -32002 };
        let answer = client.ask("resources/read", json!({"uri": "aurora://nothing"})).await;
        assert_eq!(seen(&answer), (200, missing), "{revision}");
    })
    .await;
}

#[tokio::test]
async fn a_version_that_there_is_not_is_refused_with_those_that_there_are() {
    each(async |client| {
        let version = "2031-01-01";
        let mut params = json!({});
        if client.revision == MODERN {
            params["_meta"] = meta(version);
        }
        let body = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": params}).to_string();
        let answer = client.send("tools/list", "-", body, Some(version)).await;
        assert_eq!(seen(&answer), (400, -32022), "{}", client.revision);
        let supported = answer.json()["error"]["data"]["supported"].clone();
        for (revision, _) in REVISIONS {
            assert!(supported.as_array().unwrap().contains(&json!(revision)), "{revision}: {supported}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_header_that_contradicts_the_body_is_refused_in_every_revision() {
    each(async |client| {
        let other = if client.revision == MODERN { "2025-11-25" } else { MODERN };
        let params = json!({"_meta": meta(client.revision)});
        let body = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": params}).to_string();
        let answer = client.send("tools/list", "-", body, Some(other)).await;
        assert_eq!(seen(&answer), (400, -32020), "{}", client.revision);
    })
    .await;
}
