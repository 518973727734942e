//! Whose request it is, by its headers and the address that it comes from.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use aurora_mcp_store::Principal;
use axum::extract::ConnectInfo;
use http::request::Parts;
use jiff::Timestamp;

use super::{Trace, TrustedProxies};
use crate::auth::{Authenticator, Peer, Refusal, Turn};

/// The principal of a request and its turn, or why it is not let in.
pub async fn authenticate(
    authenticator: &Authenticator,
    proxies: &TrustedProxies,
    request: &Parts,
) -> Result<(Arc<Principal>, Turn), Refusal> {
    let headers = &request.headers;
    let sender = sender(request);
    let peer = Peer { client: proxies.client(sender, headers), is_proxy: proxies.trusts(sender) };
    let result = authenticator.authenticate(headers, peer, now()).await;
    if let Err(refusal) = &result
        && refusal.is_failed_attempt()
    {
        let request_id = request.extensions.get().map(Trace::request_id);
        tracing::info!(reason = refusal.reason(), address = %peer.client, request_id, "token refused");
    }
    result
}

/// Every connection has one; a request without would share its limits with all others like it.
fn sender(request: &Parts) -> IpAddr {
    let sender = request.extensions.get::<ConnectInfo<SocketAddr>>();
    sender.map_or(Ipv6Addr::UNSPECIFIED.into(), |ConnectInfo(address)| address.ip())
}

#[expect(clippy::disallowed_methods, reason = "a request's time is when it arrives")]
fn now() -> Timestamp {
    Timestamp::now()
}
