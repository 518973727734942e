//! `/healthz` and `/readyz`, for the kubelet. Without authentication and without the Host check.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Value, json};

/// Whether new requests are wanted. Not about dependencies: while Postgres is away clients get a 503 that says so, which
/// is better than no endpoint at all.
#[derive(Clone, Default)]
pub struct Readiness {
    draining: Arc<AtomicBool>,
}

impl Readiness {
    /// From now on the gateway wants no new connections.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Whether it still wants requests.
    pub fn is_ready(&self) -> bool {
        !self.draining.load(Ordering::Acquire)
    }
}

/// The process runs.
pub async fn alive() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// New requests are welcome.
pub async fn ready(State(readiness): State<Readiness>) -> (StatusCode, Json<Value>) {
    if readiness.is_ready() {
        (StatusCode::OK, Json(json!({"status": "ready"})))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status": "draining"})))
    }
}
