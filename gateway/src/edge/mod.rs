//! The edge: what every request passes before MCP sees it.

mod answers;
mod authenticate;
mod client_address;
mod connect;
mod guard;
mod limits;
mod passage;
mod probes;
mod trace;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;

pub use self::answers::refusal;
pub use self::client_address::{ProxyError, TrustedProxies};
pub use self::guard::GuardSettings;
pub use self::limits::Limits;
use self::passage::Passage;
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

/// All routes of the MCP port.
pub fn router(edge: Edge) -> Router {
    let Edge { guard, proxies, limits, authenticator, endpoint, readiness, metrics } = edge;
    let passage = Passage::new(guard, proxies, limits, authenticator, metrics);
    let mcp = mcp::router(endpoint, limits).layer(from_fn_with_state(Arc::new(passage), passage::pass));
    Router::new()
        .route("/healthz", get(probes::alive))
        .route("/readyz", get(probes::ready).with_state(readiness))
        .merge(mcp)
        .fallback(answers::not_found)
        .layer(from_fn(trace::begin))
}
