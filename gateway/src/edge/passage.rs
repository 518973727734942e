//! What an MCP request passes, in this order: Host and Origin, the page for browsers, a free place, the time limit, the token.
//!
//! One function and no layers: every layer would box the request's future once more.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use tokio::sync::Semaphore;

use super::guard::{self, GuardSettings};
use super::{Limits, TrustedProxies, answers, authenticate, connect};
use crate::auth::Authenticator;
use crate::metrics::Metrics;

/// What the steps need.
pub struct Passage {
    guard: GuardSettings,
    proxies: TrustedProxies,
    authenticator: Arc<Authenticator>,
    /// One for each request that may be served at the same time.
    places: Semaphore,
    longest: Duration,
    metrics: Metrics,
}

impl Passage {
    /// Nobody is being served yet.
    pub fn new(
        guard: GuardSettings,
        proxies: TrustedProxies,
        limits: Limits,
        authenticator: Arc<Authenticator>,
        metrics: Metrics,
    ) -> Self {
        let places = Semaphore::new(limits.concurrent_requests);
        Self { guard, proxies, authenticator, places, longest: limits.request, metrics }
    }
}

/// The middleware.
pub async fn pass(State(passage): State<Arc<Passage>>, request: Request, next: Next) -> Response {
    if let Err(refused) = guard::judge(&passage.guard, request.uri(), request.headers()) {
        passage.metrics.refusal(refused.reason());
        return refused.into_response();
    }
    if let Some(page) = connect::page(&request) {
        return page;
    }
    // Better a quick no than a slow yes.
    let Ok(_place) = passage.places.try_acquire() else { return answers::overloaded() };
    let served = admit(&passage, request, next);
    tokio::time::timeout(passage.longest, served)
        .await
        .unwrap_or_else(|_| StatusCode::GATEWAY_TIMEOUT.into_response())
}

/// Only valid tokens go on, before the body is read. The principal and its turn go with the request.
async fn admit(passage: &Passage, request: Request, next: Next) -> Response {
    let (mut head, body) = request.into_parts();
    match authenticate::authenticate(&passage.authenticator, &passage.proxies, &head).await {
        Ok((principal, turn)) => {
            head.extensions.insert(principal);
            head.extensions.insert(Arc::new(turn));
            next.run(Request::from_parts(head, body)).await
        }
        Err(refusal) => refusal.into_response(),
    }
}
