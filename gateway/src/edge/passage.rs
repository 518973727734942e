//! What an MCP request passes, in this order: Host and Origin, the page for browsers, a free place, the time limit, the token.
//!
//! Plain functions and no layers: every layer would box the request's future and copy its parts once more.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::Request;
use hyper::body::Incoming;
use tokio::sync::Semaphore;

use super::guard::{self, GuardSettings};
use super::{Edge, Trace, TrustedProxies, answers, authenticate, connect};
use crate::auth::Authenticator;
use crate::mcp::Endpoint;
use crate::metrics::Metrics;

/// What the steps need.
pub struct Passage {
    guard: GuardSettings,
    proxies: TrustedProxies,
    authenticator: Arc<Authenticator>,
    /// One for each request that may be served at the same time.
    places: Semaphore,
    longest: Duration,
    endpoint: Arc<Endpoint>,
    metrics: Metrics,
}

impl From<Edge> for Passage {
    /// Nobody is being served yet.
    fn from(edge: Edge) -> Self {
        let Edge { guard, proxies, limits, authenticator, endpoint, metrics, .. } = edge;
        let places = Semaphore::new(limits.concurrent_requests);
        Self { guard, proxies, authenticator, places, longest: limits.request, endpoint, metrics }
    }
}

impl Passage {
    /// All steps. `sender` is at the other end of the connection.
    pub async fn pass(&self, request: Request<Incoming>, sender: IpAddr, trace: &Trace) -> Response {
        if let Err(refused) = guard::judge(&self.guard, request.uri(), request.headers()) {
            self.metrics.refusal(refused.reason());
            return refused.into_response();
        }
        if let Some(page) = connect::page(&request) {
            return page;
        }
        // Better a quick no than a slow yes.
        let Ok(_place) = self.places.try_acquire() else { return answers::overloaded() };
        let served = pin!(self.admit(request, sender, trace));
        tokio::time::timeout(self.longest, served).await.unwrap_or_else(|_| answers::too_long(self.longest))
    }

    /// Only valid tokens go on, before the body is read.
    async fn admit(&self, request: Request<Incoming>, sender: IpAddr, trace: &Trace) -> Response {
        let headers = request.headers();
        match authenticate::authenticate(&self.authenticator, &self.proxies, headers, sender, trace).await {
            Ok(admitted) => self.endpoint.clone().receive(request, Arc::new(admitted), trace).await,
            Err(refusal) => refusal.into_response(),
        }
    }
}
