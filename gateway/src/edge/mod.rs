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

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use http::Request;
use hyper::body::Incoming;

pub use self::answers::refusal;
pub use self::authenticate::Admitted;
pub use self::client_address::{ProxyError, TrustedProxies};
pub use self::guard::GuardSettings;
pub use self::limits::Limits;
use self::passage::Passage;
pub use self::probes::Readiness;
pub use self::trace::Trace;
use crate::auth::Authenticator;
use crate::mcp::Endpoint;
use crate::metrics::Metrics;
use crate::serve::Answer;

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

/// All that the MCP port answers.
#[derive(Clone)]
pub struct Front {
    mcp: Arc<Passage>,
    rest: Router,
}

impl From<Edge> for Front {
    fn from(edge: Edge) -> Self {
        let rest = Router::new()
            .route("/healthz", get(probes::alive))
            .route("/readyz", get(probes::ready).with_state(edge.readiness.clone()))
            .fallback(answers::not_found);
        Self { mcp: Arc::new(Passage::from(edge)), rest }
    }
}

impl Answer for Front {
    async fn answer(&self, request: Request<Incoming>, sender: SocketAddr) -> Response {
        let (trace, span) = trace::begin(&request);
        // Pinned: span and unwinding would each move what they are put around, and it is large.
        let work = pin!(async {
            match request.uri().path() {
                "/mcp" | "/mcp/" | "/" => self.mcp.pass(request, sender.ip(), &trace).await,
                _ => self.rest.answer(request, sender).await,
            }
        });
        trace::within(span, &trace, work).await
    }
}
