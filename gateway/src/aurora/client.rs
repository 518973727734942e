//! One pooled HTTP client for the Aurora API.
//!
//! Sent: the user, the organisation, the shared secret, a trace and a request id. Never sent: anything else of the
//! caller's request, above all not the bearer token.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use reqwest::Response;
use reqwest::redirect::Policy;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tracing::{Instrument, Span, field};
use url::Url;

use super::said::Said;
use super::tenancy::unchecked_incident;
use super::{Answer, ApiPath, AuroraError, Caller, events};
use crate::access::DenyList;
use crate::metrics::Metrics;

/// The longest ordinary call; Aurora's own MCP server waits as long.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Discovery walks whole cloud accounts.
const DISCOVERY_TIMEOUT: Duration = Duration::from_secs(120);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Below gunicorn's keep-alive of 2 s, so that a connection is not reused just as Aurora closes it.
const IDLE: Duration = Duration::from_millis(1_500);
/// No tool can use more; the rest stays unread.
const MAX_BODY: usize = 8 * 1024 * 1024;
/// How much of an upstream error goes to the log, in characters.
const LOGGED: usize = 500;

const USER: HeaderName = HeaderName::from_static("x-user-id");
const ORGANISATION: HeaderName = HeaderName::from_static("x-org-id");
const SECRET: HeaderName = HeaderName::from_static("x-internal-secret");
const SECRET_NAME: &[u8] = b"X-Internal-Secret";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Where the Aurora API is and how it knows us.
#[derive(Clone, Debug)]
pub struct AuroraSettings {
    /// `BACKEND_URL`.
    pub base: Url,
    /// `INTERNAL_API_SECRET`.
    pub secret: SecretString,
    /// Requests that are never sent.
    pub denied: DenyList,
}

/// The client. Cheap to clone, one pool per process.
#[derive(Clone, Debug)]
pub struct Aurora {
    http: reqwest::Client,
    base: String,
    secret: HeaderValue,
    denied: Arc<DenyList>,
    metrics: Metrics,
}

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// `INTERNAL_API_SECRET` cannot be sent as a header.
    #[error("INTERNAL_API_SECRET contains characters that no HTTP header can carry")]
    Secret,
    /// TLS or the resolver could not be set up.
    #[error("the HTTP client cannot be set up")]
    Http(#[from] reqwest::Error),
}

impl Aurora {
    /// Makes the client; nothing is connected yet.
    pub fn new(settings: &AuroraSettings, metrics: Metrics) -> Result<Self, ClientError> {
        let mut secret =
            HeaderValue::from_str(settings.secret.expose_secret()).map_err(|_| ClientError::Secret)?;
        secret.set_sensitive(true);
        let http = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE)
            .user_agent(concat!("aurora-mcp-gateway/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let base = settings.base.as_str().trim_end_matches('/').to_owned();
        Ok(Self { http, base, secret, denied: Arc::new(settings.denied.clone()), metrics })
    }

    /// The client, for calls on behalf of one user.
    pub fn as_user<'a>(&'a self, caller: &'a Caller) -> AsUser<'a> {
        AsUser { aurora: self, caller }
    }

    fn headers(&self, caller: &Caller) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(USER, caller.user.clone());
        headers.insert(ORGANISATION, caller.organisation.clone());
        headers.insert(SECRET, self.secret.clone());
        headers.insert(REQUEST_ID, caller.request_id.clone());
        headers.insert(TRACEPARENT, caller.traceparent.clone());
        aurora_mcp_telemetry::propagation::inject(&Span::current(), &mut headers);
        headers
    }
}

/// One call, ready to be sent.
#[derive(Clone, Debug)]
pub struct Call {
    method: Method,
    path: ApiPath,
    query: Vec<(String, String)>,
    body: Option<Value>,
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

    fn timeout(&self) -> Duration {
        if self.path.decoded().contains("discover") { DISCOVERY_TIMEOUT } else { TIMEOUT }
    }

    /// `GET /health/` answers 503 with a full report when a dependency is down.
    fn accepts(&self, status: StatusCode) -> bool {
        status.is_success()
            || (status == StatusCode::SERVICE_UNAVAILABLE && self.path.segments().next() == Some("health"))
    }
}

/// The client on behalf of one user.
#[derive(Clone, Copy, Debug)]
pub struct AsUser<'a> {
    aurora: &'a Aurora,
    caller: &'a Caller,
}

impl AsUser<'_> {
    /// Sends a call and reads the answer. Dropping the future cancels the call.
    pub async fn send(&self, call: Call) -> Result<Answer, AuroraError> {
        let span = tracing::info_span!(
            "aurora",
            otel.kind = "client",
            http.request.method = %call.method,
            url.path = %call.path,
            http.response.status_code = field::Empty,
        );
        let started = Instant::now();
        let result = self.permitted(&call).instrument(span.clone()).await;
        let outcome = match &result {
            Ok(answer) => {
                span.record("http.response.status_code", answer.status.as_u16());
                "ok"
            }
            Err(error) => error.category(),
        };
        self.aurora.metrics.upstream(outcome, started.elapsed());
        result
    }

    /// Refuses what is on the deny list, and whatever belongs to an incident that the user can't see.
    async fn permitted(&self, call: &Call) -> Result<Answer, AuroraError> {
        if self.denies(&call.method, &call.path) {
            return Err(AuroraError::Denied(format!("{} {}", call.method, call.path)));
        }
        if let Some(incident) = unchecked_incident(&call.path) {
            self.exchange(&Call::new(Method::GET, incident)).await?;
        }
        self.exchange(call).await
    }

    /// The request is never sent, whoever asks.
    pub fn denies(&self, method: &Method, path: &ApiPath) -> bool {
        self.aurora.denied.denies(method, path)
    }

    /// The client and the caller, for work that outlives the request.
    pub fn owned(&self) -> (Aurora, Caller) {
        (self.aurora.clone(), self.caller.clone())
    }

    /// Who asks: user and organisation.
    pub fn key(&self) -> (HeaderValue, HeaderValue) {
        (self.caller.user.clone(), self.caller.organisation.clone())
    }

    async fn exchange(&self, call: &Call) -> Result<Answer, AuroraError> {
        let url = format!("{}{}", self.aurora.base, call.path);
        let mut request = self
            .aurora
            .http
            .request(call.method.clone(), url)
            .headers(self.aurora.headers(self.caller))
            .timeout(call.timeout());
        if !call.query.is_empty() {
            request = request.query(&call.query);
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| failed(&error))?;
        let status = response.status();
        if status.is_success() && is(response.headers(), "text/event-stream") {
            return Ok(Answer::of(status, &events::collect(response).await));
        }
        let json = is(response.headers(), "json");
        let body = read(response).await?;
        if !call.accepts(status) {
            log_refusal(call, status, &body);
            return Err(refused(status, &body));
        }
        if !json && !body.is_empty() {
            log_refusal(call, status, &body);
            return Err(if status.is_success() {
                AuroraError::NotJson(status)
            } else {
                refused(status, &[])
            });
        }
        Ok(Answer { status, body })
    }
}

fn is(headers: &HeaderMap, kind: &str) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.to_ascii_lowercase().contains(kind))
}

async fn read(mut response: Response) -> Result<Bytes, AuroraError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(AuroraError::TooLarge(MAX_BODY));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn failed(error: &reqwest::Error) -> AuroraError {
    tracing::warn!(error = ?error, "call of the Aurora API failed");
    if error.is_timeout() { AuroraError::Timeout } else { AuroraError::Unreachable }
}

fn refused(status: StatusCode, body: &[u8]) -> AuroraError {
    // The only thing that Aurora says about itself and not about the request (contract §2, step 1).
    let of_the_gateway = body.windows(SECRET_NAME.len()).any(|part| part == SECRET_NAME);
    if status == StatusCode::FORBIDDEN && of_the_gateway {
        return AuroraError::Secret;
    }
    AuroraError::Status { status, said: Said::of(status, body) }
}

fn log_refusal(call: &Call, status: StatusCode, body: &Bytes) {
    let body: String = String::from_utf8_lossy(body).chars().take(LOGGED).collect();
    tracing::warn!(method = %call.method, path = %call.path, status = status.as_u16(), body, "Aurora refused a call");
}
