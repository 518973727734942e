//! A request id and a trace for every request.

use std::panic::AssertUnwindSafe;

use axum::response::Response;
use futures::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use tracing::{Instrument, Span, field};
use uuid::Uuid;

use super::answers;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const LONGEST_ID: usize = 64;

/// The names under which one request is found in all logs.
#[derive(Clone, Debug)]
pub struct Trace {
    request_id: HeaderValue,
    traceparent: HeaderValue,
}

impl Trace {
    /// The client's request id if it is plain text, else `fresh`; the client's trace if it names one, else one of ours.
    fn of(headers: &HeaderMap, fresh: Uuid) -> Self {
        let request_id = headers
            .get(REQUEST_ID)
            .filter(|value| is_plain(value.as_bytes()))
            .map_or_else(|| header(fresh.to_string()), HeaderValue::clone);
        let trace_id = headers
            .get(TRACEPARENT)
            .and_then(|value| value.to_str().ok())
            .and_then(trace_id)
            .map_or_else(|| fresh.simple().to_string(), str::to_owned);
        let span_id = &fresh.simple().to_string()[16..];
        Self { request_id, traceparent: header(format!("00-{trace_id}-{span_id}-01")) }
    }

    /// The id in logs.
    pub fn request_id(&self) -> &str {
        self.request_id.to_str().unwrap_or_default()
    }

    /// The id as a header.
    pub fn request_id_header(&self) -> HeaderValue {
        self.request_id.clone()
    }

    /// What Aurora is told about the trace when spans are not exported.
    pub fn traceparent(&self) -> HeaderValue {
        self.traceparent.clone()
    }
}

/// Of plain text; anything else would be empty.
fn header(text: String) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn is_plain(text: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=LONGEST_ID).contains(&text.len()) && text.iter().all(plain)
}

/// The trace id of a version 00 `traceparent`.
fn trace_id(text: &str) -> Option<&str> {
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let valid = version == "00" && hex(trace, 32) && hex(span, 16) && hex(flags, 2) && parts.next().is_none();
    (valid && trace.bytes().any(|byte| byte != b'0')).then_some(trace)
}

/// The names of a request that has just come, and the span of all that is done for it.
pub fn begin<B>(request: &Request<B>) -> (Trace, Span) {
    let trace = Trace::of(request.headers(), Uuid::new_v4());
    let span = tracing::debug_span!(
        "request",
        otel.kind = "server",
        http.request.method = %request.method(),
        url.path = request.uri().path(),
        http.response.status_code = field::Empty,
        request_id = trace.request_id(),
    );
    aurora_mcp_telemetry::propagation::adopt(&span, request.headers());
    (trace, span)
}

/// Does the work within the span. There is an answer even if it panics, and the request id is in it.
pub async fn within(span: Span, trace: &Trace, work: impl Future<Output = Response>) -> Response {
    let answered = AssertUnwindSafe(work).catch_unwind().instrument(span.clone());
    let mut response = answered.await.unwrap_or_else(|panic| answers::panicked(panic, trace.request_id()));
    span.record("http.response.status_code", response.status().as_u16());
    response.headers_mut().insert(REQUEST_ID, trace.request_id_header());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: Uuid = Uuid::from_u128(0x1234_5678_9abc_def0_1234_5678_9abc_def0);

    fn traced(name: HeaderName, value: &str) -> Trace {
        Trace::of(&HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())]), FRESH)
    }

    #[test]
    fn a_plain_request_id_is_kept_and_any_other_replaced() {
        assert_eq!(traced(REQUEST_ID, "abc-1.2_3").request_id(), "abc-1.2_3");
        for text in ["", "a b", "a\"b", "a,b", &"x".repeat(65)] {
            assert_eq!(traced(REQUEST_ID, text).request_id(), FRESH.to_string(), "{text:?}");
        }
    }

    #[test]
    fn the_clients_trace_goes_on() {
        let sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let passed = traced(TRACEPARENT, sent).traceparent();
        assert_eq!(passed.to_str().unwrap(), "00-0af7651916cd43dd8448eb211c80319c-123456789abcdef0-01");
    }

    #[test]
    fn a_malformed_trace_is_replaced() {
        for text in [
            "",
            "x",
            "00-0-0-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        ] {
            let passed = traced(TRACEPARENT, text).traceparent();
            assert_eq!(
                passed.to_str().unwrap(),
                "00-123456789abcdef0123456789abcdef0-123456789abcdef0-01",
                "{text}"
            );
        }
    }
}
