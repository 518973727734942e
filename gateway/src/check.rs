//! `aurora-mcp-gateway check ADDRESS TOKEN-FILE [AUTHORITY-FILE [HOST:PORT]]`: one round as a client makes it, for `helm test`.

mod way;

use std::io::Write;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use self::way::Way;

/// The first argument with which the program checks a gateway instead of being one.
pub const COMMAND: &str = "check";

/// How long a token that is new may be unknown: its row follows its Secret.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_secs(1);

/// What went wrong, by step.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The arguments are not an address and a file.
    #[error("usage: aurora-mcp-gateway check ADDRESS TOKEN-FILE [AUTHORITY-FILE [HOST:PORT]]")]
    Usage,
    /// There is no way to the gateway.
    #[error("cannot reach the gateway: {problem}")]
    Way {
        /// Why not.
        problem: String,
    },
    /// The token can't be read.
    #[error("cannot read the token from {path}: {source}")]
    Token {
        /// The file.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// No answer, or none that can be read.
    #[error("{method}: {source}")]
    Http {
        /// The MCP method.
        method: &'static str,
        /// Why not.
        source: reqwest::Error,
    },
    /// The gateway refused.
    #[error("{method}: HTTP {status}: {body}")]
    Refused {
        /// The MCP method.
        method: &'static str,
        /// The status.
        status: StatusCode,
        /// What it said.
        body: String,
    },
    /// The answer isn't what the method promises.
    #[error("{method}: unexpected answer: {body}")]
    Answer {
        /// The MCP method.
        method: &'static str,
        /// What it said.
        body: String,
    },
    /// Aurora doesn't work.
    #[error("aurora://health is unhealthy")]
    Unhealthy,
    /// Nobody reads what is found.
    #[error("cannot write: {0}")]
    Output(#[from] std::io::Error),
}

/// Lists the tools and reads the health of everything, and writes a line for each finding.
///
/// # Errors
///
/// If a step fails, or Aurora is unhealthy. Degraded is good enough: the lines say what is.
pub async fn run(mut arguments: impl Iterator<Item = String>, mut out: impl Write) -> Result<(), CheckError> {
    let (Some(address), Some(path)) = (arguments.next(), arguments.next()) else {
        return Err(CheckError::Usage);
    };
    let token =
        std::fs::read_to_string(&path).map_err(|source| CheckError::Token { path: path.clone(), source })?;
    let token = token.trim().to_owned();
    let way = Way::find(&address, arguments.next().as_deref(), arguments.next().as_deref()).await?;
    let client = Mcp { way, token, patience: PATIENCE, pause: PAUSE };
    let tools = client.patiently("tools/list", &json!({})).await?;
    writeln!(out, "{}", tools_line(&tools)?)?;
    let resource = client.patiently("resources/read", &json!({"uri": crate::resources::HEALTH})).await?;
    let health = health_report(&resource)?;
    for line in health_lines(&health) {
        writeln!(out, "{line}")?;
    }
    if health["overall_status"] == "unhealthy" { Err(CheckError::Unhealthy) } else { Ok(()) }
}

struct Mcp {
    way: Way,
    token: String,
    patience: Duration,
    pause: Duration,
}

impl Mcp {
    /// A request, repeated while the token is not known yet.
    async fn patiently(&self, method: &'static str, params: &Value) -> Result<Value, CheckError> {
        let mut waited = Duration::ZERO;
        loop {
            match self.request(method, params).await {
                Err(CheckError::Refused { status: StatusCode::UNAUTHORIZED, .. })
                    if waited < self.patience =>
                {
                    tokio::time::sleep(self.pause).await;
                    waited += self.pause;
                }
                answered => return answered,
            }
        }
    }

    async fn request(&self, method: &'static str, params: &Value) -> Result<Value, CheckError> {
        let http = |source| CheckError::Http { method, source };
        let response = self
            .way
            .http
            .post(&self.way.address)
            .bearer_auth(&self.token)
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2025-11-25")
            .json(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
            .send()
            .await
            .map_err(http)?;
        let status = response.status();
        let body = response.text().await.map_err(http)?;
        if status != StatusCode::OK {
            return Err(CheckError::Refused { method, status, body });
        }
        result(&body).ok_or(CheckError::Answer { method, body })
    }
}

/// The result in a body that is JSON, or an event stream whose last event is the answer.
fn result(body: &str) -> Option<Value> {
    let last = body.lines().rev().find_map(|line| line.strip_prefix("data:"));
    let mut message: Value = serde_json::from_str(last.unwrap_or(body).trim()).ok()?;
    message.get_mut("result").map(Value::take)
}

fn tools_line(result: &Value) -> Result<String, CheckError> {
    let tools = result["tools"].as_array().filter(|tools| !tools.is_empty());
    let tools = tools.ok_or_else(|| CheckError::Answer { method: "tools/list", body: result.to_string() })?;
    Ok(format!("ok    tools/list: {} tools", tools.len()))
}

fn health_report(result: &Value) -> Result<Value, CheckError> {
    let text = result["contents"][0]["text"].as_str().unwrap_or_default();
    serde_json::from_str(text)
        .ok()
        .filter(|health: &Value| health["components"].is_object())
        .ok_or_else(|| CheckError::Answer { method: "resources/read", body: result.to_string() })
}

fn health_lines(health: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let components = health["components"].as_object().into_iter().flatten();
    let one = |(name, report): (&String, &Value)| {
        let status = text(&report["status"]);
        let mark = if status == "unhealthy" { "wrong" } else { "ok   " };
        format!("{mark} {name}: {status}. {}", text(&report["message"]))
    };
    components.map(one).chain([format!("aurora://health: {}", text(&health["overall_status"]))]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{Json, Router, http::HeaderMap, routing::post};

    type Answer = fn(&str, &str) -> (StatusCode, Value);

    async fn served(answer: Answer) -> String {
        let handler = move |headers: HeaderMap, Json(message): Json<Value>| async move {
            let token = headers["authorization"].to_str().unwrap_or_default().to_owned();
            let (status, body) = answer(&token, message["method"].as_str().unwrap_or_default());
            (axum::http::StatusCode::from_u16(status.as_u16()).unwrap(), Json(body))
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/mcp", post(handler))).await });
        format!("http://{address}/mcp")
    }

    async fn checked(answer: Answer) -> (Result<(), CheckError>, String) {
        let directory = tempfile::tempdir().unwrap();
        let token = directory.path().join("token");
        std::fs::write(&token, "abc\n").unwrap();
        let mut out = Vec::new();
        let arguments = [served(answer).await, token.display().to_string()];
        let outcome = run(arguments.into_iter(), &mut out).await;
        (outcome, String::from_utf8(out).unwrap())
    }

    fn answered(overall: &str, method: &str) -> (StatusCode, Value) {
        let health = json!({"overall_status": overall,
            "components": {"redis": {"status": overall, "message": "Redis answers."}}});
        let result = match method {
            "tools/list" => json!({"tools": [{"name": "a"}, {"name": "b"}]}),
            _ => json!({"contents": [{"text": health.to_string()}]}),
        };
        (StatusCode::OK, json!({"jsonrpc": "2.0", "id": 1, "result": result}))
    }

    #[tokio::test]
    async fn good_gateway_passes_with_a_line_for_each_finding() {
        let (outcome, said) = checked(|_, method| answered("healthy", method)).await;
        outcome.unwrap();
        assert_eq!(
            said,
            "ok    tools/list: 2 tools\nok    redis: healthy. Redis answers.\naurora://health: healthy\n"
        );
    }

    #[tokio::test]
    async fn unhealthy_fails_and_degraded_passes() {
        let (outcome, said) = checked(|_, method| answered("unhealthy", method)).await;
        assert!(matches!(outcome, Err(CheckError::Unhealthy)));
        assert!(said.contains("wrong redis: unhealthy"), "{said}");
        assert!(checked(|_, method| answered("degraded", method)).await.0.is_ok());
    }

    #[tokio::test]
    async fn token_that_stays_unknown_fails_in_the_end() {
        let address = served(|_, _| (StatusCode::UNAUTHORIZED, json!({"error": "unknown"}))).await;
        let [patience, pause] = [3, 1].map(Duration::from_millis);
        let way = Way::find(&address, None, None).await.unwrap();
        let mcp = Mcp { way, token: "abc".into(), patience, pause };
        let refused = mcp.patiently("tools/list", &json!({})).await;
        assert!(matches!(
            refused,
            Err(CheckError::Refused { status: StatusCode::UNAUTHORIZED, ref body, .. }) if body.contains("unknown")
        ));
    }

    #[tokio::test]
    async fn token_is_sent_without_the_end_of_its_line() {
        let (outcome, _) = checked(|token, method| match token {
            "Bearer abc" => answered("healthy", method),
            _ => (StatusCode::FORBIDDEN, json!({})),
        })
        .await;
        outcome.unwrap();
    }

    #[tokio::test]
    async fn what_is_no_answer_of_mcp_fails() {
        let bodies: [Answer; 3] = [
            |_, _| (StatusCode::OK, json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32601}})),
            |_, _| (StatusCode::OK, json!({"result": {"tools": []}})),
            |_, _| (StatusCode::BAD_GATEWAY, json!({})),
        ];
        for body in bodies {
            assert!(checked(body).await.0.is_err());
        }
        assert!(matches!(run(std::iter::empty(), Vec::new()).await, Err(CheckError::Usage)));
    }

    #[test]
    fn answer_is_read_from_json_and_from_an_event_stream() {
        assert_eq!(result(r#"{"result":{"a":1}}"#), Some(json!({"a": 1})));
        assert_eq!(result("event: message\ndata: {\"p\":0}\n\ndata: {\"result\":1}\n\n"), Some(json!(1)));
        assert_eq!(result("<html>"), None);
    }
}
