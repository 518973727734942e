//! One trace through the gateway, from the client's span to Aurora and Postgres, as a real collector receives it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use aurora_api_stand_in::{Options, Server};
use aurora_mcp_test_collector::{Collector, Span};
use aurora_mcp_test_database::seed::{ALICE, ALPHA};
use aurora_mcp_test_database::{TestDatabase, VARIABLES};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

const TOKEN: &str = "aurora_mcp_traced";
const SECRET: &str = "traced-internal-secret";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const STREAMED: &str = "2af7651916cd43dd8448eb211c80319c";
const CLIENTS_SPAN: &str = "b7ad6b7169203331";
const STATE: &str = "vendor=of-the-client";

struct Gateway {
    process: Child,
    url: String,
    http: reqwest::Client,
}

impl Gateway {
    async fn start(database: &TestDatabase, aurora: &Server, collector: &Collector) -> Self {
        let [port, metrics] = free_ports();
        let mut command = Command::new(env!("CARGO_BIN_EXE_aurora-mcp-gateway"));
        command.env_clear().stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        for name in VARIABLES {
            command.env(name, database.lookup(name).unwrap_or_default());
        }
        command.envs([
            ("MCP_PORT", port.to_string()),
            ("METRICS_PORT", metrics.to_string()),
            ("BACKEND_URL", aurora.url()),
            ("INTERNAL_API_SECRET", SECRET.to_owned()),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint().to_owned()),
        ]);
        let process = command.spawn().unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let gateway = Self { process, url: format!("http://127.0.0.1:{port}"), http };
        let started = Instant::now();
        while gateway.http.get(format!("{}/readyz", gateway.url)).send().await.is_err() {
            assert!(started.elapsed() < Duration::from_secs(30), "the gateway does not serve");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        gateway
    }

    /// A request with a trace of the client's.
    async fn ask(&self, trace: &str, sampled: &str, method: &str, params: Value) {
        let response = self
            .http
            .post(format!("{}/mcp", self.url))
            .bearer_auth(TOKEN)
            .header("traceparent", format!("00-{trace}-{CLIENTS_SPAN}-{sampled}"))
            .header("tracestate", STATE)
            .json(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
            .send()
            .await
            .unwrap();
        let answer: Value = response.json().await.unwrap();
        assert!(answer["result"].is_object() && answer["result"]["isError"] != true, "{answer}");
    }

    /// A call that is answered as a stream.
    async fn ask_with_progress(&self, trace: &str) {
        let params = json!({"name": "list_incidents", "_meta": {"progressToken": "p"}});
        let response = self
            .http
            .post(format!("{}/mcp", self.url))
            .bearer_auth(TOKEN)
            .header("accept", "application/json, text/event-stream")
            .header("traceparent", format!("00-{trace}-{CLIENTS_SPAN}-01"))
            .json(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}))
            .send()
            .await
            .unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert!(response.text().await.unwrap().contains("structuredContent"));
    }

    async fn stop(mut self) {
        let id = self.process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw).unwrap();
        kill_process(id, Signal::TERM).unwrap();
        assert!(self.process.wait().await.unwrap().success());
    }
}

fn free_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

async fn journal(aurora: &Server) -> Vec<Value> {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.get(format!("{}/_test/requests", aurora.url())).send().await.unwrap();
    let journal: Value = answer.json().await.unwrap();
    journal["requests"].as_array().unwrap().clone()
}

#[tokio::test]
async fn one_trace_leads_from_the_client_through_edge_and_tool_to_aurora_and_postgres() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    TestDatabase::run(async |database| {
        database.add_clear(TOKEN, ALICE, ALPHA).await;
        let collector = Collector::start().await;
        let options = Options { health_delay: Duration::ZERO, ..Options::new(SECRET) };
        let aurora = aurora_api_stand_in::spawn(options).await.unwrap();
        let gateway = Gateway::start(database, &aurora, &collector).await;

        gateway.ask(TRACE, "01", "tools/call", json!({"name": "list_incidents"})).await;
        let unsampled = TRACE.replace("0af7", "1af7");
        gateway.ask(&unsampled, "00", "tools/call", json!({"name": "get_graph_stats"})).await;
        gateway.ask(TRACE, "01", "resources/read", json!({"uri": "aurora://whoami"})).await;
        gateway.ask_with_progress(STREAMED).await;
        // What is buffered is sent before the end, so nothing has to be waited for.
        gateway.stop().await;

        let span = async |name: &str| -> Span {
            collector.span(name, |span| span.trace == TRACE && span.name == name).await
        };
        let (request, lookup, profile) =
            (span("request").await, span("resolve token").await, span("look the user up").await);
        let (tool, call) = (span("tool").await, span("aurora").await);
        assert_eq!((request.parent.as_str(), request.kind.as_str()), (CLIENTS_SPAN, "Server"));
        assert_eq!(request.service, "aurora-mcp-gateway");
        assert_eq!(request.attribute("http.response.status_code"), "200");
        assert!(lookup.is_child_of(&request), "{lookup:?}");
        for query in [&lookup, &profile] {
            assert_eq!((query.kind.as_str(), query.attribute("db.system.name")), ("Client", "postgresql"));
        }
        assert!(tool.is_child_of(&request) && tool.attribute("mcp.tool") == "list_incidents", "{tool:?}");
        assert!(call.is_child_of(&tool) && call.kind == "Client", "{call:?}");
        assert_eq!(call.attribute("url.path"), "/api/incidents");

        let asked = journal(&aurora).await;
        let sent = |path: &str| asked.iter().find(|entry| entry["path"] == path).unwrap()["headers"].clone();
        let incidents = sent("/api/incidents");
        assert_eq!(
            incidents["traceparent"],
            format!("00-{TRACE}-{}-01", call.id),
            "Aurora goes on from there"
        );
        assert_eq!(incidents["tracestate"], STATE);
        assert!(collector.spans().iter().all(|span| span.trace != unsampled), "the client said not to");
        let graph = sent("/api/graph/stats");
        let quiet = graph["traceparent"].as_str().unwrap();
        assert!(quiet.starts_with(&format!("00-{unsampled}-")) && quiet.ends_with("-00"), "{quiet}");

        let streamed = async |name: &str| -> Span {
            collector.span(name, |span| span.trace == STREAMED && span.name == name).await
        };
        let (request, tool, call) =
            (streamed("request").await, streamed("tool").await, streamed("aurora").await);
        assert!(tool.is_child_of(&request) && call.is_child_of(&tool), "also while an answer is streamed");
        for secret in [TOKEN, SECRET] {
            assert!(!collector.printed().contains(secret), "a span holds {secret}");
        }
    })
    .await;
}
