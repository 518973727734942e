//! What an MCP request passes, in this order: Host and Origin, the page for browsers, a free place, the time limit, the token.
//!
//! Plain functions and no layers: every layer would box the request's future and copy its parts once more.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::Request;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::sync::Semaphore;

use super::guard::{self, GuardSettings};
use super::{Edge, Trace, TrustedProxies, answers, authenticate, connect};
use crate::auth::Authenticator;
use crate::mcp::Endpoint;
use crate::metrics::Metrics;

/// Bytes of a body that is read although its request is refused.
const SMALL: u64 = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(1);

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
            Err(refusal) => {
                discard(request.into_body()).await;
                refusal.into_response()
            }
        }
    }
}

/// Reads a small body that nobody wants: the client may send it after its headers, and a connection on which something is left
/// unread can't serve the client's next request.
async fn discard(body: Incoming) {
    if body.size_hint().upper().is_some_and(|bytes| bytes <= SMALL) {
        // Whatever comes of it: with something left, hyper closes the connection.
        let _ = tokio::time::timeout(PATIENCE, body.collect()).await;
    }
}
