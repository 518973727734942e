//! Whose request it is, by its headers and the address that it comes from.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use aurora_mcp_store::Principal;
use axum::extract::ConnectInfo;
use http::request::Parts;
use jiff::Timestamp;

use super::{Trace, TrustedProxies};
use crate::auth::{Authenticator, Refusal, Turn};

/// The principal of a request and its turn, or why it is not let in.
pub async fn authenticate(
    authenticator: &Authenticator,
    proxies: &TrustedProxies,
    request: &Parts,
) -> Result<(Arc<Principal>, Turn), Refusal> {
    let headers = &request.headers;
    let address = proxies.client(peer(request), headers);
    let result = authenticator.authenticate(headers, address, now()).await;
    if let Err(refusal) = &result
        && refusal.is_failed_attempt()
    {
        let request_id = request.extensions.get().map(Trace::request_id);
        tracing::info!(reason = refusal.reason(), %address, request_id, "token refused");
    }
    result
}

/// Every connection has one; a request without would share its limits with all others like it.
fn peer(request: &Parts) -> IpAddr {
    let peer = request.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(Ipv6Addr::UNSPECIFIED.into(), |ConnectInfo(address)| address.ip())
}

#[expect(clippy::disallowed_methods, reason = "a request's time is when it arrives")]
fn now() -> Timestamp {
    Timestamp::now()
}
