//! A server as rmcp's documentation shows it, with one tool that asks the upstream: `stock-rmcp PORT UPSTREAM`.
//!
//! It is the gateway without what makes it one: no authentication, no limits, no audit, no metrics.

use std::net::Ipv4Addr;

use anyhow::Context as _;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{CallToolResult, ErrorData, ServerCapabilities, ServerConfig};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ServerHandler, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize, JsonSchema)]
struct ListArguments {
    /// How many to return.
    limit: Option<u32>,
}

#[derive(Clone)]
struct Stock {
    http: reqwest::Client,
    upstream: String,
}

#[tool_router]
impl Stock {
    #[tool(description = "List the organisation's incidents, newest first.")]
    async fn list_incidents(
        &self,
        Parameters(arguments): Parameters<ListArguments>,
    ) -> Result<CallToolResult, ErrorData> {
        let failed = |error: reqwest::Error| ErrorData::internal_error(error.to_string(), None);
        let query = [("limit", arguments.limit.unwrap_or(20))];
        let request = self.http.get(format!("{}/api/incidents", self.upstream)).query(&query);
        let value: Value = request.send().await.map_err(failed)?.json().await.map_err(failed)?;
        Ok(CallToolResult::structured(value))
    }
}

#[tool_handler]
impl ServerHandler for Stock {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().context("usage: stock-rmcp PORT UPSTREAM")?.parse()?;
    let upstream = arguments.next().context("usage: stock-rmcp PORT UPSTREAM")?;
    // What reqwest needs to be made, although nothing here speaks TLS.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let stock = Stock { http: reqwest::Client::builder().no_proxy().build()?, upstream };
    // Stateless, as the gateway is: the cheapest that it offers for one request and one answer.
    let service = StreamableHttpService::new(
        move || Ok(stock.clone()),
        NeverSessionManager::default().into(),
        StreamableHttpServerConfig::default().with_legacy_session_mode(false).with_json_response(true),
    );
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    Ok(axum::serve(listener, axum::Router::new().nest_service("/mcp", service)).await?)
}
