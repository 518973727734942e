//! One structured line and one count per MCP request: who, what, how it went. Never arguments, never a secret.

use std::sync::Arc;
use std::time::Instant;

use rmcp::model::{ClientRequest, ErrorData, ServerResult};

use super::scope::Scope;
use crate::metrics::Metrics;
use crate::tools::Toolset;

/// What a request is about, taken down before the request is consumed.
pub struct Record {
    scope: Arc<Scope>,
    request_id: String,
    method: String,
    /// A tool or prompt that exists, or empty: fit for a metric label.
    name: String,
    /// An id, a path or an address.
    object: Option<String>,
    started: Instant,
}

impl Record {
    /// Begins the record of a request.
    pub fn of(request: &ClientRequest, scope: Arc<Scope>, request_id: &str, tools: &Toolset) -> Self {
        let (name, object) = match request {
            ClientRequest::CallToolRequest(call) => (
                tools.known_name(&call.params.name).unwrap_or_default().to_owned(),
                call.params
                    .arguments
                    .as_ref()
                    .and_then(|arguments| tools.target(&call.params.name, arguments)),
            ),
            ClientRequest::ReadResourceRequest(read) => {
                (String::new(), Some(read.params.uri.chars().take(200).collect()))
            }
            ClientRequest::GetPromptRequest(get) => {
                (String::new(), Some(get.params.name.chars().take(80).collect()))
            }
            _ => (String::new(), None),
        };
        let method = request.method().to_owned();
        Self { scope, request_id: request_id.to_owned(), method, name, object, started: Instant::now() }
    }

    /// Writes the line. A record that is dropped without it belongs to a request that the client cancelled.
    pub fn finish(self, result: &Result<ServerResult, ErrorData>, metrics: &Metrics) {
        let outcome = match result {
            Ok(_) => self.scope.failure().unwrap_or("ok"),
            Err(_) => "protocol_error",
        };
        let took = self.started.elapsed();
        metrics.call(&self.method, &self.name, outcome, took);
        let principal = &self.scope.principal;
        tracing::info!(
            target: "audit",
            request_id = self.request_id,
            user_id = principal.user_id.as_str(),
            org_id = principal.org_id.as_str(),
            token_id = principal.token_id.0,
            method = self.method,
            tool = self.name,
            object = self.object,
            outcome,
            duration_ms = took.as_secs_f64() * 1000.0,
            "mcp request"
        );
    }
}
