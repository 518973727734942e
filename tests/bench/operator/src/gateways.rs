//! Several replicas of the gateway, and what each of them says to a bearer.

use std::time::Duration;

use anyhow::Result;
use aurora_mcp_test_control_plane::ControlPlane;
use aurora_mcp_test_control_plane::process::free_port;
use aurora_mcp_test_database::{Login, TestDatabase, VARIABLES};
use reqwest::Response;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};

use crate::program::Program;

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;

/// One replica.
pub struct Gateway {
    url: String,
    http: reqwest::Client,
    _program: Program,
}

impl Gateway {
    /// Starts a replica. Nothing of Aurora but the database is there: a ping needs no more.
    pub async fn start(plane: &ControlPlane, database: &TestDatabase, number: usize) -> Result<Self> {
        let (port, metrics) = (free_port()?, free_port()?);
        let mut environment: Vec<(String, String)> = [
            ("MCP_PORT", port.to_string()),
            ("METRICS_PORT", metrics.to_string()),
            ("MCP_REQUESTS_PER_SECOND", "0".to_owned()),
            ("MCP_ADDRESS_REQUESTS_PER_SECOND", "0".to_owned()),
            // Each client is to be taken for another, or so many refusals would be slowed down.
            ("MCP_TRUSTED_PROXIES", "127.0.0.1,::1,::ffff:127.0.0.1".to_owned()),
            ("INTERNAL_API_SECRET", "bench".to_owned()),
            ("BACKEND_URL", "http://127.0.0.1:9".to_owned()),
            ("REDIS_URL", "redis://127.0.0.1:9/0".to_owned()),
            ("WEAVIATE_HOST", "127.0.0.1".to_owned()),
            ("RUST_LOG", "error".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        for name in VARIABLES {
            environment
                .extend(database.lookup_as(Login::Gateway, name).map(|value| (name.to_owned(), value)));
        }
        let log = plane.directory().join(format!("gateway-{number}.log"));
        let ready = format!("http://127.0.0.1:{port}/readyz");
        let program = Program::start("aurora-mcp-gateway", &environment, &log, metrics, &ready).await?;
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
        Ok(Self { url: format!("http://127.0.0.1:{port}/mcp"), http, _program: program })
    }

    /// The HTTP status of a ping with this token, from the client of this number.
    pub async fn ping(&self, bearer: &str, client: usize) -> Result<u16> {
        let response = self.post(PING, bearer, client).await?;
        let status = response.status().as_u16();
        response.bytes().await?;
        Ok(status)
    }

    /// The list of tools for this token, as text.
    pub async fn tools(&self, bearer: &str, client: usize) -> Result<String> {
        Ok(self.post(LIST, bearer, client).await?.error_for_status()?.text().await?)
    }

    async fn post(&self, body: &'static str, bearer: &str, client: usize) -> Result<Response> {
        let address = format!("10.{}.{}.{}", client >> 16 & 255, client >> 8 & 255, client & 255);
        let request = self.http.post(&self.url).header(CONTENT_TYPE, "application/json").body(body);
        let request = request.header(ACCEPT, "application/json, text/event-stream");
        let request = request.header("mcp-protocol-version", "2025-11-25").header("x-forwarded-for", address);
        Ok(request.header(AUTHORIZATION, format!("Bearer {bearer}")).send().await?)
    }
}
