//! The Prometheus registry and its route.

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
pub use prometheus_client::registry::Registry;

/// Content type of the `OpenMetrics` text format.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A registry whose metrics all begin with `prefix_`.
pub fn registry(prefix: &str) -> Registry {
    Registry::with_prefix(prefix)
}

/// `GET /metrics` over a registry that is complete.
pub fn router(registry: Arc<Registry>) -> Router {
    Router::new().route("/metrics", get(move || async move { render(&registry) }))
}

fn render(registry: &Registry) -> Response {
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, registry) {
        Ok(()) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be encoded");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use prometheus_client::metrics::counter::Counter;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn metrics_carry_the_prefix_and_the_open_metrics_type() {
        let mut registry = registry("aurora_mcp");
        let counter: Counter = Counter::default();
        registry.register("calls", "Calls served", counter.clone());
        counter.inc();
        let response = router(Arc::new(registry))
            .oneshot(Request::get("/metrics").body(Body::empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(response.headers()[header::CONTENT_TYPE], OPEN_METRICS);
        let body = to_bytes(response.into_body(), 10_000).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(text.contains("aurora_mcp_calls_total 1"), "{text}");
    }
}
