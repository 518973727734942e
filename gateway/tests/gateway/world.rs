//! A gateway with a database and an Aurora API of its own, and a client that speaks raw HTTP to it.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use aurora_api_stand_in::{Options, Server};
use aurora_mcp_gateway::config::Source;
use aurora_mcp_gateway::tools::select::Selector;
use aurora_mcp_gateway::{Config, Gateway};
use aurora_mcp_test_database::seed::{ALICE, ALPHA, BETA, BOB};
use aurora_mcp_test_database::{TestDatabase, VARIABLES};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

pub const ALICES: &str = "aurora_mcp_alice";
pub const BOBS: &str = "aurora_mcp_bob";
/// One of Alpha's incidents.
pub const INCIDENT: &str = "11111111-1111-4111-8111-000000000001";
const SECRET: &str = "test-internal-secret";

pub struct World<'a> {
    pub database: &'a TestDatabase,
    pub aurora: Server,
    pub gateway: Gateway,
    pub http: reqwest::Client,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn result(&self) -> Value {
        let json = self.json();
        assert!(json.get("result").is_some(), "{json}");
        json["result"].clone()
    }

    /// The code of a JSON-RPC error, 0 if there is none.
    pub fn code(&self) -> i64 {
        self.json()["error"]["code"].as_i64().unwrap_or(0)
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

struct Variables<'a> {
    fixed: HashMap<&'static str, String>,
    database: &'a TestDatabase,
}

impl Source for Variables<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        self.fixed.get(name).cloned().or_else(|| self.database.lookup(name))
    }

    fn file(&self, path: &str) -> std::io::Result<String> {
        std::fs::read_to_string(path)
    }
}

/// Runs a test in a world of its own, with a token for Alice (Alpha) and one for Bob (Beta).
pub async fn run(test: impl AsyncFnOnce(&World<'_>)) {
    run_with(|_| {}, test).await;
}

/// The same with another configuration.
pub async fn run_with(change: impl FnOnce(&mut Config), test: impl AsyncFnOnce(&World<'_>)) {
    TestDatabase::run(async |database| {
        database.add_clear(ALICES, ALICE, ALPHA).await;
        database.add_clear(BOBS, BOB, BETA).await;
        let options = Options { health_delay: Duration::ZERO, ..Options::new(SECRET) };
        let aurora = aurora_api_stand_in::spawn(options).await.unwrap();
        let mut config = config(database, &aurora);
        change(&mut config);
        let gateway = Gateway::start(config).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
        let world = World { database, aurora, gateway, http };
        test(&world).await;
        world.assert_no_violation().await;
        world.gateway.shut_down().await;
    })
    .await;
}

/// What a gateway's environment needs besides its database: no health of a dependency is asked for.
fn fixed(aurora: &Server) -> HashMap<&'static str, String> {
    HashMap::from([
        ("BACKEND_URL", aurora.url()),
        ("INTERNAL_API_SECRET", SECRET.to_owned()),
        ("REDIS_URL", "redis://127.0.0.1:1/0".to_owned()),
        ("WEAVIATE_HOST", "127.0.0.1".to_owned()),
        ("WEAVIATE_PORT", "1".to_owned()),
        ("WEAVIATE_GRPC_PORT", "1".to_owned()),
    ])
}

/// The whole environment of a gateway.
pub fn variables(database: &TestDatabase, aurora: &Server) -> HashMap<&'static str, String> {
    let mut variables = fixed(aurora);
    variables.extend(VARIABLES.iter().filter_map(|name| Some((*name, database.lookup(name)?))));
    variables
}

fn config(database: &TestDatabase, aurora: &Server) -> Config {
    let fixed = fixed(aurora);
    let mut config = Config::from_source(&Variables { fixed, database }).unwrap();
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    (config.listen, config.metrics) = (any, any);
    config.limits.linger = Duration::ZERO;
    config.tools.selector = Selector::new(PathBuf::from(env!("CARGO_BIN_EXE_aurora-mcp-gateway")));
    config
}

impl World<'_> {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.gateway.address())
    }

    /// A POST of any bytes with any headers besides the usual ones.
    pub async fn post(&self, headers: &[(&str, &str)], body: impl Into<reqwest::Body>) -> Answer {
        let mut all = HeaderMap::new();
        for (name, value) in
            [("content-type", "application/json"), ("accept", "application/json, text/event-stream")]
        {
            all.insert(name, value.parse().unwrap());
        }
        for (name, value) in headers {
            all.insert(reqwest::header::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        answer(self.http.post(self.url("/mcp")).headers(all).body(body)).await
    }

    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request = headers
            .iter()
            .fold(self.http.get(self.url(path)), |request, (name, value)| request.header(*name, *value));
        answer(request).await
    }

    /// One request with a token, as an older client sends it.
    pub async fn rpc(&self, token: &str, method: &str, params: Value) -> Answer {
        let bearer = format!("Bearer {token}");
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        self.post(&[("authorization", &bearer)], body).await
    }

    /// The same as a client of 2026-07-28 sends it.
    pub async fn modern(&self, token: &str, method: &str, mut params: Value) -> Answer {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let bearer = format!("Bearer {token}");
        let name = params["name"].as_str().or_else(|| params["uri"].as_str()).unwrap_or("-").to_owned();
        let body = json!({"jsonrpc": "2.0", "id": "m", "method": method, "params": params}).to_string();
        let headers = [
            ("authorization", bearer.as_str()),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", method),
            ("mcp-name", &name),
        ];
        self.post(&headers, body).await
    }

    /// The result of a tool call by Alice.
    pub async fn call(&self, tool: &str, arguments: Value) -> Value {
        self.rpc(ALICES, "tools/call", json!({"name": tool, "arguments": arguments})).await.result()
    }

    /// The text of a tool call that must fail.
    pub async fn failing_call(&self, tool: &str, arguments: Value) -> String {
        let result = self.call(tool, arguments).await;
        assert_eq!(result["isError"], true, "{result}");
        result["content"][0]["text"].as_str().unwrap().to_owned()
    }

    /// What Aurora was asked by users, health probes left out.
    pub async fn asked(&self) -> Vec<Value> {
        let journal = self.journal().await;
        let all = journal["requests"].as_array().unwrap().clone();
        all.into_iter().filter(|entry| entry["headers"].get("x-user-id").is_some()).collect()
    }

    /// Orders a fault, a chat script or a health state of the stand-in.
    pub async fn order(&self, control: &str, order: Value) {
        let url = format!("{}/_test/{control}", self.aurora.url());
        let response = self.http.post(url).json(&order).send().await.unwrap();
        assert!(response.status().is_success(), "{order}");
    }

    pub async fn metrics(&self) -> String {
        let url = format!("http://{}/metrics", self.gateway.metrics_address());
        self.http.get(url).send().await.unwrap().text().await.unwrap()
    }

    async fn journal(&self) -> Value {
        let url = format!("{}/_test/requests", self.aurora.url());
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// Whatever a test did, Aurora was never sent what it must not be sent.
    async fn assert_no_violation(&self) {
        let journal = self.journal().await;
        assert_eq!(journal["violations"], json!(0), "{journal}");
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("the gateway answers");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, text: response.text().await.expect("a body") }
}

/// Waits until something holds.
pub async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(15);
    while !holds().await {
        assert!(tokio::time::Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
