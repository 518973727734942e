//! `/healthz`, `/readyz`, `/metrics`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aurora_mcp_telemetry::metrics::{Registry, router};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// What the probes tell. Postgres is no part of it: without it the operator still works, and restarting it helps nobody.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    /// The API server answers and knows McpTokens.
    ready: AtomicBool,
    /// A part of the program ended that must not.
    broken: AtomicBool,
}

impl Readiness {
    pub(crate) fn set_ready(&self) {
        self.ready.store(true, Ordering::Relaxed);
    }

    pub(crate) fn set_broken(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    fn health(&self) -> (StatusCode, &'static str) {
        if self.broken.load(Ordering::Relaxed) {
            return (StatusCode::SERVICE_UNAVAILABLE, "the leader election ended\n");
        }
        (StatusCode::OK, "ok\n")
    }

    fn readiness(&self) -> (StatusCode, &'static str) {
        if !self.ready.load(Ordering::Relaxed) {
            return (StatusCode::SERVICE_UNAVAILABLE, "waiting for the API server to serve McpTokens\n");
        }
        self.health()
    }
}

pub(crate) fn routes(readiness: &Arc<Readiness>, registry: Registry) -> Router {
    let (health, ready) = (readiness.clone(), readiness.clone());
    Router::new()
        .route("/healthz", get(async move || health.health()))
        .route("/readyz", get(async move || ready.readiness()))
        .merge(router(Arc::new(registry)))
}

/// Serves until `stop` says so.
pub(crate) async fn serve(listener: TcpListener, routes: Router, mut stop: watch::Receiver<bool>) {
    let stopped = async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    if let Err(error) = axum::serve(listener, routes).with_graceful_shutdown(stopped).await {
        tracing::error!(%error, "the probes are not served any more");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_means_that_the_api_server_answered_and_nothing_broke() {
        let readiness = Readiness::default();
        assert_eq!(
            (readiness.health().0, readiness.readiness().0),
            (StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE)
        );
        readiness.set_ready();
        assert_eq!(readiness.readiness().0, StatusCode::OK);
        readiness.set_broken();
        assert_eq!(readiness.health().0, StatusCode::SERVICE_UNAVAILABLE);
    }
}
