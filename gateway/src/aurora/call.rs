//! One call of the Aurora API, before it is sent.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::Value;
use url::form_urlencoded;

use super::ApiPath;

/// The longest ordinary call; Aurora's own MCP server waits as long.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Discovery walks whole cloud accounts.
const DISCOVERY_TIMEOUT: Duration = Duration::from_secs(120);

/// One call, ready to be sent.
#[derive(Clone, Debug)]
pub struct Call {
    pub(super) method: Method,
    pub(super) path: ApiPath,
    query: Vec<(String, String)>,
    pub(super) body: Option<Value>,
}

impl Call {
    /// A call without query and body.
    pub fn new(method: Method, path: ApiPath) -> Self {
        Self { method, path, query: Vec::new(), body: None }
    }

    /// `GET` of a path of our own.
    pub(super) fn get(segments: &[&str]) -> Self {
        Self::new(Method::GET, ApiPath::of(segments))
    }

    /// `POST` of JSON to a path of our own.
    pub(super) fn post(segments: &[&str], body: Value) -> Self {
        Self::new(Method::POST, ApiPath::of(segments)).with_body(body)
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn with_query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Sets the JSON body.
    #[must_use]
    pub fn with_body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Where it goes.
    pub fn path(&self) -> &ApiPath {
        &self.path
    }

    /// Method, path and query, for tests and logs.
    pub fn target(&self) -> String {
        let query: Vec<String> = self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{} {}{mark}{}", self.method, self.path, query.join("&"))
    }

    /// What it carries.
    pub fn body(&self) -> Option<&Value> {
        self.body.as_ref()
    }

    /// Path and query below `base`.
    pub(super) fn address(&self, base: &str) -> String {
        let mut address = format!("{base}{}", self.path);
        if !self.query.is_empty() {
            address.push('?');
            let start = address.len();
            let mut query = form_urlencoded::Serializer::for_suffix(&mut address, start);
            query.extend_pairs(&self.query);
        }
        address
    }

    pub(super) fn timeout(&self) -> Duration {
        if self.path.decoded().contains("discover") { DISCOVERY_TIMEOUT } else { TIMEOUT }
    }

    /// `GET /health/` answers 503 with a full report when a dependency is down.
    pub(super) fn accepts(&self, status: StatusCode) -> bool {
        status.is_success()
            || (status == StatusCode::SERVICE_UNAVAILABLE && self.path.segments().next() == Some("health"))
    }
}
