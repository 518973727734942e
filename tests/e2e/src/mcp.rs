//! A JSON-RPC client of MCP, as small as the tests need it.

use anyhow::{Context, Result, bail, ensure};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::Gateway;

/// Calls with one token.
pub struct Session<'a> {
    gateway: &'a Gateway,
    authorization: String,
}

/// What a tool answered.
#[derive(Debug)]
pub struct ToolAnswer {
    /// Whether it is an error of the tool.
    pub is_error: bool,
    /// The text blocks, joined.
    pub text: String,
    /// The structured content, or the text as JSON; null if it is neither.
    pub content: Value,
}

impl<'a> Session<'a> {
    pub(crate) fn new(gateway: &'a Gateway, token: &str) -> Self {
        let authorization = format!("Bearer {token}");
        Self { gateway, authorization }
    }

    /// The HTTP status of a harmless call.
    pub async fn status(&self) -> Result<StatusCode> {
        let message = request("tools/list", &json!({}));
        Ok(self.gateway.post(Some(&self.authorization), &message).await?.status)
    }

    /// Succeeds if a harmless call has this status.
    pub async fn expect_status(&self, wanted: u16) -> Result<()> {
        let status = self.status().await?;
        ensure!(status == wanted, "status {status}, not {wanted}");
        Ok(())
    }

    /// A request, and its result.
    pub async fn request(&self, method: &str, params: Value) -> Result<Value> {
        let reply = self.gateway.post(Some(&self.authorization), &request(method, &params)).await?;
        ensure!(reply.status == StatusCode::OK, "{method}: HTTP {}: {}", reply.status, reply.body);
        let mut answer = message(&reply.body).with_context(|| format!("{method}: {}", reply.body))?;
        if let Some(error) = answer.get("error") {
            bail!("{method}: {error}");
        }
        Ok(answer["result"].take())
    }

    /// Calls a tool.
    pub async fn call(&self, tool: &str, arguments: Value) -> Result<ToolAnswer> {
        let result = self
            .request("tools/call", json!({"name": tool, "arguments": arguments}))
            .await
            .with_context(|| format!("calling {tool}"))?;
        let blocks = result["content"].as_array().into_iter().flatten();
        let text = blocks.filter_map(|block| block["text"].as_str()).collect::<Vec<_>>().join("\n");
        let content = match &result["structuredContent"] {
            Value::Null => serde_json::from_str(&text).unwrap_or_default(),
            content => content.clone(),
        };
        Ok(ToolAnswer { is_error: result["isError"].as_bool().unwrap_or_default(), text, content })
    }

    /// Reads a resource whose text is JSON.
    pub async fn read(&self, uri: &str) -> Result<Value> {
        let result = self.request("resources/read", json!({"uri": uri})).await?;
        let text = result["contents"][0]["text"].as_str().with_context(|| format!("{uri} has no text"))?;
        serde_json::from_str(text).with_context(|| format!("{uri} is not JSON: {text}"))
    }
}

fn request(method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

/// The JSON-RPC message in a body that is JSON, or an event stream whose last event is the answer.
fn message(body: &str) -> Result<Value> {
    let last = body.lines().rev().find_map(|line| line.strip_prefix("data:"));
    serde_json::from_str(last.unwrap_or(body).trim()).context("not JSON")
}

#[cfg(test)]
mod tests {
    use super::message;
    use serde_json::json;

    #[test]
    fn answer_is_read_from_json_and_from_an_event_stream() {
        assert_eq!(message(r#"{"id":1}"#).unwrap(), json!({"id": 1}));
        assert_eq!(
            message("event: message\ndata: {\"p\":0}\n\ndata: {\"id\":1}\n\n").unwrap(),
            json!({"id": 1})
        );
        assert!(message("<html>").is_err());
    }
}
