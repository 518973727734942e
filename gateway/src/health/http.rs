//! One GET for a probe, and what became of it.

use reqwest::Client;
use serde_json::Value;
use url::Url;

use super::reach;
use super::reason::Reason;

/// A status and the body, when that was JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The JSON; none for anything else.
    pub json: Option<Value>,
}

/// Asks an address. Nothing of the caller is sent: no token, no identity.
pub async fn get(client: &Client, url: Url) -> Result<Answer, Reason> {
    let response = client.get(url).send().await.map_err(|error| cause(&error))?;
    let status = response.status().as_u16();
    let bytes = response.bytes().await.map_err(|error| cause(&error))?;
    Ok(Answer { status, json: serde_json::from_slice(&bytes).ok() })
}

fn cause(error: &reqwest::Error) -> Reason {
    if error.is_timeout() { Reason::Timeout } else { reach::cause(error) }
}
