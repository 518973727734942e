//! A page for people who open the MCP address in a browser.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use http::header::{ACCEPT, CONTENT_SECURITY_POLICY};
use http::{HeaderMap, Method};

const PAGE: &str = include_str!("connect.html");
/// The page loads nothing and runs nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// The middleware: a browser's GET gets the page, everything else goes on.
pub async fn browsers(request: Request, next: Next) -> Response {
    if request.method() == Method::GET && is_browser(request.headers()) {
        return ([(CONTENT_SECURITY_POLICY, POLICY)], Html(PAGE)).into_response();
    }
    next.run(request).await
}

/// Browsers ask for HTML first; MCP clients never ask for it.
fn is_browser(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.trim_start().starts_with("text/html"))
}
