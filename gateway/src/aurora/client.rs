//! One pooled HTTP client for the Aurora API.
//!
//! Sent: the user, the organisation, the shared secret, a trace and a request id. Never sent: anything else of the
//! caller's request, above all not the bearer token.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::Full;
use secrecy::{ExposeSecret, SecretString};
use tracing::{Instrument, Span, field};
use url::Url;

use super::said::Said;
use super::tenancy::unchecked_incident;
use super::transport::{self, MAX_BODY, Transport, TransportError};
use super::{Answer, ApiPath, AuroraError, Call, Caller, events};
use crate::access::DenyList;
use crate::metrics::Metrics;

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
    transport: Transport,
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
    /// TLS could not be set up.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

impl Aurora {
    /// Makes the client; nothing is connected yet.
    pub fn new(settings: &AuroraSettings, metrics: Metrics) -> Result<Self, ClientError> {
        let mut secret =
            HeaderValue::from_str(settings.secret.expose_secret()).map_err(|_| ClientError::Secret)?;
        secret.set_sensitive(true);
        let base = settings.base.as_str().trim_end_matches('/').to_owned();
        Ok(Self {
            transport: Transport::new()?,
            base,
            secret,
            denied: Arc::new(settings.denied.clone()),
            metrics,
        })
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

/// The client on behalf of one user.
#[derive(Clone, Copy, Debug)]
pub struct AsUser<'a> {
    aurora: &'a Aurora,
    caller: &'a Caller,
}

impl AsUser<'_> {
    /// Sends a call and reads the answer. Dropping the future cancels the call.
    pub async fn send(&self, call: Call) -> Result<Answer, AuroraError> {
        let span = tracing::debug_span!(
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
        let longest = call.timeout();
        let answered = tokio::time::timeout(longest, self.converse(call)).await;
        let (status, json, body) =
            answered.unwrap_or(Err(TransportError::Timeout(longest))).map_err(|error| self.failed(&error))?;
        if !call.accepts(status) {
            self.log_refusal(call, status, &body);
            return Err(refused(status, &body));
        }
        if !json && !body.is_empty() {
            self.log_refusal(call, status, &body);
            return Err(if status.is_success() {
                AuroraError::NotJson(status)
            } else {
                refused(status, &[])
            });
        }
        Ok(Answer { status, body })
    }

    /// Status, whether the body is JSON, and the body. What comes as a stream of events becomes JSON here.
    async fn converse(&self, call: &Call) -> Result<(StatusCode, bool, Bytes), TransportError> {
        let (head, body) = self.aurora.transport.send(self.request(call)?).await?.into_parts();
        if head.status.is_success() && is(&head.headers, "text/event-stream") {
            return Ok((head.status, true, events::collect(body).await.to_string().into()));
        }
        Ok((head.status, is(&head.headers, "json"), transport::read(body).await?))
    }

    fn request(&self, call: &Call) -> Result<Request<Full<Bytes>>, http::Error> {
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(call.address(&self.aurora.base))
            .body(Full::default())?;
        *request.headers_mut() = self.aurora.headers(self.caller);
        if let Some(body) = &call.body {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Full::from(body.to_string());
        }
        Ok(request)
    }

    fn failed(&self, error: &TransportError) -> AuroraError {
        let request_id = self.caller.request_id();
        tracing::warn!(error = ?error, request_id, "call of the Aurora API failed");
        match error {
            TransportError::Timeout(_) => AuroraError::Timeout,
            TransportError::TooLarge => AuroraError::TooLarge(MAX_BODY),
            _ => AuroraError::Unreachable,
        }
    }

    fn log_refusal(&self, call: &Call, status: StatusCode, body: &Bytes) {
        let body: String = String::from_utf8_lossy(body).chars().take(LOGGED).collect();
        tracing::warn!(
            method = %call.method,
            path = %call.path,
            status = status.as_u16(),
            body,
            request_id = self.caller.request_id(),
            "Aurora refused a call"
        );
    }
}

fn is(headers: &HeaderMap, kind: &str) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.to_ascii_lowercase().contains(kind))
}

fn refused(status: StatusCode, body: &[u8]) -> AuroraError {
    // The only thing that Aurora says about itself and not about the request (contract §2, step 1).
    let of_the_gateway = body.windows(SECRET_NAME.len()).any(|part| part == SECRET_NAME);
    if status == StatusCode::FORBIDDEN && of_the_gateway {
        return AuroraError::Secret;
    }
    AuroraError::Status { status, said: Said::of(status, body) }
}
