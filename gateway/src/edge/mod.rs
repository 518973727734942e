//! The edge: what every request passes before MCP sees it, in this order.

mod answers;
mod authenticate;
mod client_address;
mod connect;
mod guard;
mod limits;
mod probes;
mod trace;

use std::sync::Arc;

use axum::Router;
use axum::error_handling::HandleErrorLayer;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tower::ServiceBuilder;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

pub use self::answers::refusal;
pub use self::client_address::{ProxyError, TrustedProxies};
pub use self::guard::GuardSettings;
pub use self::limits::Limits;
pub use self::probes::Readiness;
pub use self::trace::Trace;
use crate::auth::Authenticator;
use crate::mcp::{self, Endpoint};
use crate::metrics::Metrics;

/// What the edge needs.
pub struct Edge {
    /// Whom to let in by Host and Origin.
    pub guard: GuardSettings,
    /// Whose word about client addresses counts.
    pub proxies: TrustedProxies,
    /// What can be borne.
    pub limits: Limits,
    /// Who is calling.
    pub authenticator: Arc<Authenticator>,
    /// Where requests end.
    pub endpoint: Arc<Endpoint>,
    /// Whether new requests are wanted.
    pub readiness: Readiness,
    /// Where refusals are counted.
    pub metrics: Metrics,
}

/// All routes of the MCP port. Layers are listed outermost first.
pub fn router(edge: Edge) -> Router {
    let Edge { guard, proxies, limits, authenticator, endpoint, readiness, metrics } = edge;

    let mcp = mcp::router(endpoint, limits).layer(
        ServiceBuilder::new()
            .layer(from_fn_with_state(Arc::new((guard, metrics.clone())), guard::check))
            .layer(from_fn(connect::browsers))
            .layer(HandleErrorLayer::new(answers::overloaded))
            .load_shed()
            // One for all paths: a plain limit would count for each of them by itself.
            .layer(GlobalConcurrencyLimitLayer::new(limits.concurrent_requests))
            .layer(TimeoutLayer::with_status_code(http::StatusCode::GATEWAY_TIMEOUT, limits.request))
            .layer(from_fn_with_state((authenticator, Arc::new(proxies)), authenticate::authenticate)),
    );

    Router::new()
        .route("/healthz", get(probes::alive))
        .route("/readyz", get(probes::ready).with_state(readiness))
        .merge(mcp)
        .fallback(answers::not_found)
        .layer(
            ServiceBuilder::new()
                .layer(from_fn(trace::begin))
                .layer(CatchPanicLayer::custom(answers::panicked)),
        )
}
