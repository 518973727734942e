//! A few MCP calls over streamable HTTP, as a client of the user would make them.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::error::{Error, innermost};

/// The newest revision with an `initialize`, which every client speaks.
const PROTOCOL: &str = "2025-06-18";

/// Calls with one token to one address.
pub(crate) struct Mcp {
    http: reqwest::Client,
    url: String,
    bearer: SecretString,
}

/// Why a call had no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum McpError {
    #[error("{url} doesn't answer: {why}")]
    Unreachable { url: String, why: String },
    /// `reason` is the gateway's word for it; a proxy has none.
    #[error("HTTP {status}: {message}")]
    Refused { status: u16, reason: Option<String>, message: String },
    #[error("{method}: {message}")]
    Failed { method: String, message: String },
    #[error("this is no answer of an MCP server: {0}")]
    Strange(String),
}

/// What a first call showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Introduction {
    pub(crate) server: String,
    pub(crate) tools: Vec<String>,
}

impl Mcp {
    pub(crate) fn new(url: &str, bearer: SecretString) -> Result<Self, Error> {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .redirect(reqwest::redirect::Policy::none()) // a token is sent to one address only
            .build()
            .map_err(|error| Error::Internal(innermost(&error)))?;
        Ok(Self { http, url: url.to_owned(), bearer })
    }

    /// Who answers, and which tools there are.
    pub(crate) async fn introduce(&self) -> Result<Introduction, McpError> {
        let hello = json!({
            "protocolVersion": PROTOCOL,
            "capabilities": {},
            "clientInfo": {"name": "kubectl-aurora-mcp", "version": env!("CARGO_PKG_VERSION")},
        });
        let server = self.request("initialize", hello).await?;
        let listed = self.request("tools/list", json!({})).await?;
        let tools = listed["tools"].as_array().into_iter().flatten();
        Ok(Introduction {
            server: server["serverInfo"]["name"].as_str().unwrap_or("?").to_owned(),
            tools: tools.filter_map(|tool| tool["name"].as_str()).map(str::to_owned).collect(),
        })
    }

    /// Whether the token is accepted.
    pub(crate) async fn ping(&self) -> Result<(), McpError> {
        self.request("ping", json!({})).await.map(drop)
    }

    /// Calls a tool; its own error is one here, too.
    pub(crate) async fn call(&self, tool: &str) -> Result<(), McpError> {
        let answer = self.request("tools/call", json!({"name": tool, "arguments": {}})).await?;
        if answer["isError"] == json!(true) {
            let message = answer["content"][0]["text"].as_str().unwrap_or("without a word").to_owned();
            return Err(McpError::Failed { method: tool.to_owned(), message });
        }
        Ok(())
    }

    /// Reads a resource whose text is JSON.
    pub(crate) async fn read(&self, uri: &str) -> Result<Value, McpError> {
        let answer = self.request("resources/read", json!({"uri": uri})).await?;
        let text = answer["contents"][0]["text"].as_str().unwrap_or_default();
        serde_json::from_str(text).map_err(|_| McpError::Strange(format!("{uri} is not JSON")))
    }

    async fn request(&self, method: &str, params: Value) -> Result<Value, McpError> {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let answer = self
            .http
            .post(&self.url)
            .bearer_auth(self.bearer.expose_secret())
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", PROTOCOL)
            .json(&message)
            .send()
            .await;
        let unreachable =
            |error: reqwest::Error| McpError::Unreachable { url: self.url.clone(), why: innermost(&error) };
        let answer = answer.map_err(unreachable)?;
        let status = answer.status().as_u16();
        let body = answer.text().await.map_err(unreachable)?;
        result(method, status, &body)
    }
}

/// Reads an answer: JSON, or an event stream whose last event is it.
fn result(method: &str, status: u16, body: &str) -> Result<Value, McpError> {
    let last = body.lines().rev().find_map(|line| line.strip_prefix("data:"));
    let parsed: Option<Value> = serde_json::from_str(last.unwrap_or(body).trim()).ok();
    if status != 200 {
        let field = |name: &str| parsed.as_ref()?.get(name)?.as_str().map(str::to_owned);
        let message = field("message").unwrap_or_else(|| body.chars().take(200).collect());
        // At its edge the gateway says only which error it is.
        let reason = field("reason").or_else(|| field("error"));
        return Err(McpError::Refused { status, reason, message });
    }
    let mut answer = parsed.ok_or_else(|| McpError::Strange(body.chars().take(80).collect()))?;
    if let Some(error) = answer.get("error") {
        let message = error["message"].as_str().unwrap_or("without a word").to_owned();
        return Err(McpError::Failed { method: method.to_owned(), message });
    }
    match answer.get_mut("result") {
        Some(result) => Ok(result.take()),
        None => Err(McpError::Strange("no result".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_in_both_forms() {
        for body in [r#"{"result": {"x": 1}}"#, "event: message\ndata: {\"result\": {\"x\": 1}}\n\n"] {
            assert_eq!(result("m", 200, body).unwrap(), json!({"x": 1}));
        }
    }

    #[test]
    fn refusals_and_strange_answers_say_what_they_are() {
        for (status, body, said) in [
            (
                401,
                r#"{"reason": "revoked", "message": "The token was revoked."}"#,
                "HTTP 401: The token was revoked.",
            ),
            (502, "<html>Bad Gateway</html>", "HTTP 502: <html>Bad Gateway</html>"),
            (200, "<html>Log in</html>", "this is no answer of an MCP server: <html>Log in</html>"),
            (200, r#"{"error": {"message": "no"}}"#, "m: no"),
            (200, "{}", "this is no answer of an MCP server: no result"),
        ] {
            assert_eq!(result("m", status, body).unwrap_err().to_string(), said);
        }
    }
}
