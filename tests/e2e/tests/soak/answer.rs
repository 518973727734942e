//! What came back for a request: an answer, an error that says what to do, or something that must not be.

use std::fmt;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// No answer, but clear.
#[derive(Debug)]
pub enum Trouble {
    /// Refused, reset, or closed without an answer.
    NoConnection(String),
    /// An HTTP status that says when to try again.
    TryLater(u16),
    /// An error of the tool, with what to do about it.
    Explained(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoConnection(error) => write!(f, "no connection: {error}"),
            Self::TryLater(status) => write!(f, "status {status}"),
            Self::Explained(text) => write!(f, "an error of the tool: {text}"),
        }
    }
}

/// What came of many requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub good: u64,
    no_connection: u64,
    try_later: u64,
    explained: u64,
}

impl Tally {
    pub fn note(&mut self, trouble: &Trouble) {
        match trouble {
            Trouble::NoConnection(_) => self.no_connection += 1,
            Trouble::TryLater(_) => self.try_later += 1,
            Trouble::Explained(_) => self.explained += 1,
        }
    }

    pub fn and(self, other: Self) -> Self {
        Self {
            good: self.good + other.good,
            no_connection: self.no_connection + other.no_connection,
            try_later: self.try_later + other.try_later,
            explained: self.explained + other.explained,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { good, no_connection, try_later, explained } = self;
        write!(
            f,
            "{good} answers, {no_connection} without a connection, {try_later} told to try later, {explained} explained errors"
        )
    }
}

/// Reads a response: the result of the JSON-RPC request, or trouble. Anything else is an error of the test.
pub async fn read(response: reqwest::Result<reqwest::Response>, id: u64) -> Result<Result<Value, Trouble>> {
    let response = match response {
        Ok(response) => response,
        Err(error) if error.is_timeout() => bail!("no answer in time: {error:?}"),
        Err(error) => return Ok(Err(Trouble::NoConnection(format!("{error:?}")))),
    };
    let (status, retry) = (response.status().as_u16(), response.headers().contains_key("retry-after"));
    let body = match response.text().await {
        Ok(body) => body,
        Err(error) => return Ok(Err(Trouble::NoConnection(format!("{error:?}")))),
    };
    if matches!(status, 429 | 503) {
        ensure!(retry, "status {status} without Retry-After: {body}");
        return Ok(Err(Trouble::TryLater(status)));
    }
    ensure!(status == 200, "status {status}: {body}");
    let last = body.lines().rev().find_map(|line| line.strip_prefix("data:")).unwrap_or(&body);
    let answer: Value = serde_json::from_str(last.trim()).with_context(|| body.clone())?;
    ensure!(answer["id"] == id, "the answer to another request: {body}");
    ensure!(answer["error"].is_null(), "an error of the protocol: {body}");
    let result = answer["result"].clone();
    if result["isError"] == true {
        let text = result["content"][0]["text"].as_str().unwrap_or_default().to_owned();
        ensure!(text.len() > 40 && text.ends_with('.'), "an error without a hint: {text}");
        return Ok(Err(Trouble::Explained(text)));
    }
    Ok(Ok(result))
}
