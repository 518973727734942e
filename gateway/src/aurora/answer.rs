//! A successful answer of the Aurora API.

use bytes::Bytes;
use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::AuroraError;

/// Status and body; the body is JSON or empty.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

impl Answer {
    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The body as JSON. An empty body (204) says just that it went well.
    pub fn value(&self) -> Result<Value, AuroraError> {
        if self.body.is_empty() {
            return Ok(json!({"status": "ok", "status_code": self.status.as_u16()}));
        }
        self.read()
    }

    /// The body as `T`.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, AuroraError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            tracing::warn!(%error, status = self.status.as_u16(), "Aurora's answer has another shape than expected");
            AuroraError::NotJson(self.status)
        })
    }
}
