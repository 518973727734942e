//! Whose request it is, by its headers and the address that it comes from.

use std::net::IpAddr;
use std::sync::Arc;

use aurora_mcp_store::Principal;
use http::HeaderMap;
use jiff::Timestamp;

use super::{Trace, TrustedProxies};
use crate::auth::{Authenticator, Peer, Refusal, Turn};

/// Who is let in.
pub struct Admitted {
    /// Whose token it is.
    pub principal: Arc<Principal>,
    /// Where the request comes from.
    pub client: IpAddr,
    /// One of the token's turns, until the request is served.
    pub turn: Turn,
}

/// Who asks, or why the request is not let in. `sender` is at the other end of the connection.
pub async fn authenticate(
    authenticator: &Authenticator,
    proxies: &TrustedProxies,
    headers: &HeaderMap,
    sender: IpAddr,
    trace: &Trace,
) -> Result<Admitted, Refusal> {
    let peer = Peer { client: proxies.client(sender, headers), is_proxy: proxies.trusts(sender) };
    let result = authenticator.authenticate(headers, peer, now()).await;
    if let Err(refusal) = &result
        && refusal.is_failed_attempt()
    {
        tracing::info!(
            reason = refusal.reason(),
            address = %peer.client,
            request_id = trace.request_id(),
            "token refused"
        );
    }
    result.map(|(principal, turn)| Admitted { principal, client: peer.client, turn })
}

#[expect(clippy::disallowed_methods, reason = "a request's time is when it arrives")]
fn now() -> Timestamp {
    Timestamp::now()
}
