//! The middleware that lets only valid tokens through, before the body is read.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use super::TrustedProxies;
use crate::auth::{Authenticator, Peer};

/// Puts the principal into the request's extensions, or refuses.
pub async fn authenticate(
    State((authenticator, proxies)): State<(Arc<Authenticator>, Arc<TrustedProxies>)>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer =
        Peer { client: proxies.client(peer.ip(), request.headers()), is_proxy: proxies.trusts(peer.ip()) };
    match authenticator.authenticate(request.headers(), peer, now()).await {
        Ok(principal) => {
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

#[expect(clippy::disallowed_methods, reason = "a request's time is when it arrives")]
fn now() -> Timestamp {
    Timestamp::now()
}
