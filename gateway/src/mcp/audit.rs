//! One structured line and one count per MCP request: who, what, how it went. Arguments only where that is switched on.

use std::sync::Arc;
use std::time::Instant;

use rmcp::model::{ClientRequest, ErrorData, JsonObject, ServerResult};
use serde_json::Value;

use super::scope::Scope;
use crate::edge::Trace;
use crate::metrics::Metrics;
use crate::tools::Toolset;

const LONGEST_ARGUMENTS: usize = 2_000;
const LONGEST_ADDRESS: usize = 200;
const LONGEST_NAME: usize = 80;
/// Parts of names whose values are never logged.
const SECRETS: [&str; 6] = ["authorization", "credential", "key", "password", "secret", "token"];

/// What all records have in common.
pub struct Recorder<'a> {
    /// Where names of tools come from.
    pub tools: &'a Toolset,
    /// Where requests are counted.
    pub metrics: &'a Metrics,
    /// Whether arguments are logged.
    pub arguments: bool,
}

/// What a request is about, taken down before the request is consumed.
pub struct Record {
    scope: Arc<Scope>,
    trace: Trace,
    method: String,
    subject: Subject,
    arguments: Option<String>,
    outcome: &'static str,
    started: Instant,
    metrics: Metrics,
}

/// What a request names.
#[derive(Debug, Default, PartialEq, Eq)]
struct Subject {
    /// The tool that was asked for, whether it exists or not.
    tool: String,
    /// A tool that exists, or empty: fit for a metric label.
    label: String,
    /// An id, a path or an address.
    object: Option<String>,
}

impl Subject {
    fn of(request: &ClientRequest, tools: &Toolset) -> Self {
        match request {
            ClientRequest::CallToolRequest(call) => {
                let name = &call.params.name;
                let arguments = call.params.arguments.as_ref();
                Self {
                    tool: cut(name, LONGEST_NAME),
                    label: tools.known_name(name).unwrap_or_default().to_owned(),
                    object: arguments.and_then(|arguments| tools.target(name, arguments)),
                }
            }
            ClientRequest::ReadResourceRequest(read) => {
                Self { object: Some(cut(&read.params.uri, LONGEST_ADDRESS)), ..Self::default() }
            }
            ClientRequest::GetPromptRequest(get) => {
                Self { object: Some(cut(&get.params.name, LONGEST_NAME)), ..Self::default() }
            }
            _ => Self::default(),
        }
    }
}

fn cut(text: &str, longest: usize) -> String {
    text.chars().take(longest).collect()
}

impl Record {
    /// Begins the record of a request.
    pub fn of(request: &ClientRequest, scope: Arc<Scope>, trace: Trace, recorder: &Recorder<'_>) -> Self {
        let method = request.method().to_owned();
        let arguments = match request {
            ClientRequest::CallToolRequest(call) if recorder.arguments => {
                call.params.arguments.as_ref().map(loggable)
            }
            _ => None,
        };
        Self {
            scope,
            trace,
            method,
            subject: Subject::of(request, recorder.tools),
            arguments,
            outcome: "cancelled",
            started: Instant::now(),
            metrics: recorder.metrics.clone(),
        }
    }

    /// The record of a stream that was opened: complete at once, for the stream may last for minutes.
    pub fn of_stream(uris: &[String], scope: Arc<Scope>, trace: Trace, metrics: &Metrics) -> Self {
        Self {
            scope,
            trace,
            method: "subscriptions/listen".to_owned(),
            subject: Subject { object: Some(cut(&uris.join(" "), LONGEST_ADDRESS)), ..Subject::default() },
            arguments: None,
            outcome: "ok",
            started: Instant::now(),
            metrics: metrics.clone(),
        }
    }

    /// The request was answered.
    pub fn finish(mut self, result: &Result<ServerResult, ErrorData>) {
        self.outcome = match result {
            Ok(_) => self.scope.failure().unwrap_or("ok"),
            Err(_) => "protocol_error",
        };
    }
}

/// Writes the line, whether the request was answered or its client went away.
impl Drop for Record {
    fn drop(&mut self) {
        let took = self.started.elapsed();
        self.metrics.call(&self.method, &self.subject.label, self.outcome, took);
        let principal = &self.scope.principal;
        tracing::info!(
            target: "audit",
            request_id = self.trace.request_id(),
            user_id = principal.user_id.as_str(),
            org_id = principal.org_id.as_str(),
            token_id = principal.token_id.0,
            method = self.method,
            tool = self.subject.tool,
            object = self.subject.object,
            arguments = self.arguments,
            outcome = self.outcome,
            duration_ms = took.as_secs_f64() * 1000.0,
            "mcp request"
        );
    }
}

/// The arguments of a tool call as they may stand in a log: bounded, and without what is called a secret.
fn loggable(arguments: &JsonObject) -> String {
    let mut value = Value::Object(arguments.clone());
    redact(&mut value);
    cut(&value.to_string(), LONGEST_ARGUMENTS)
}

fn redact(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let name = name.to_ascii_lowercase();
                if SECRETS.iter().any(|secret| name.contains(secret)) {
                    *value = Value::from("[redacted]");
                } else {
                    redact(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use rmcp::model::{CallToolRequest, CallToolRequestParams};
    use serde_json::json;

    use super::*;

    #[test]
    fn an_unknown_tool_is_logged_as_asked_for_but_is_no_label() {
        for (name, tool, label) in [
            ("list_incidents", "list_incidents", "list_incidents"),
            ("drop_tables", "drop_tables", ""),
            (&"x".repeat(500), &"x".repeat(80), ""),
        ] {
            let params = CallToolRequestParams::new(name.to_owned());
            let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
            let expected = Subject { tool: tool.to_owned(), label: label.to_owned(), object: None };
            assert_eq!(Subject::of(&request, &Toolset::default()), expected, "{name}");
        }
    }

    #[test]
    fn what_is_called_a_secret_is_not_logged() {
        let arguments =
            json!({"path": "/x", "body": {"apiKey": "k", "list": [{"Password": "p"}], "name": "n"}});
        let logged = loggable(arguments.as_object().unwrap());
        let expected = json!({
            "path": "/x",
            "body": {"apiKey": "[redacted]", "list": [{"Password": "[redacted]"}], "name": "n"},
        });
        assert_eq!(logged, expected.to_string());
    }

    #[test]
    fn long_arguments_are_cut() {
        let arguments = json!({"query": "x".repeat(100_000)});
        assert_eq!(loggable(arguments.as_object().unwrap()).len(), LONGEST_ARGUMENTS);
    }
}
