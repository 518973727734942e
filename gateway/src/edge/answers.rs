//! The edge's own answers, all JSON.

use std::any::Any;
use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{StatusCode, Uri};
use serde_json::json;

/// A JSON error of the edge.
pub fn refusal(status: StatusCode, error: &str, message: &str) -> Response {
    (status, Json(json!({"error": error, "message": message}))).into_response()
}

/// Any path that there isn't. OAuth discovery gets this as well: there is no authorization server to discover.
pub async fn not_found(uri: Uri) -> Response {
    let message = if uri.path().starts_with("/.well-known/") {
        "No authorization server is configured: send a token as Authorization: Bearer."
    } else {
        "MCP is served on /mcp."
    };
    refusal(StatusCode::NOT_FOUND, "not_found", message)
}

/// More requests than can be served: better a quick no than a slow yes.
pub fn overloaded() -> Response {
    let mut response = refusal(
        StatusCode::SERVICE_UNAVAILABLE,
        "overloaded",
        "Too many requests at once. Try again shortly.",
    );
    response.headers_mut().insert(RETRY_AFTER, http::HeaderValue::from_static("1"));
    response
}

/// Nothing takes longer than this: whatever hangs is let go.
pub fn too_long(longest: Duration) -> Response {
    let message = format!(
        "The request took longer than {} s and was given up. Ask for less at once, or try again later.",
        longest.as_secs_f64()
    );
    refusal(StatusCode::GATEWAY_TIMEOUT, "too_long", &message)
}

/// A defect: the request fails, the program goes on.
#[expect(clippy::needless_pass_by_value, reason = "catch_unwind hands it over")]
pub fn panicked(panic: Box<dyn Any + Send + 'static>, request_id: &str) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("unknown");
    tracing::error!(message, request_id, "a request panicked");
    refusal(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "An internal error; it has been logged.")
}
