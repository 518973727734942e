//! Who is calling: from the bearer token to a principal, before anything of the request is parsed.

mod attempts;
mod bearer;
mod cache;
mod last_used;
mod lookups;
mod pace;
mod refusal;
mod turns;
mod vouching;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use aurora_mcp_store::{Bearer, Change, Principal, Resolution, Store, TokenId};
use futures::StreamExt;
use http::HeaderMap;
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tracing::Instrument;

use self::attempts::Attempts;
use self::cache::{Generation, PrincipalCache};
use self::last_used::LastUsed;
use self::lookups::Lookups;
use self::pace::Pace;
pub use self::refusal::Refusal;
pub use self::turns::Turn;
use self::turns::Turns;
pub use self::vouching::{Peer, Unvouched, Vouching};
use crate::metrics::Metrics;

/// Lookups at a time for addresses with many failures, and how long one waits for its turn.
const SUSPECT_LOOKUPS: usize = 2;
const SUSPECT_WAIT: Duration = Duration::from_secs(1);

/// How much of the gateway one sender may take.
#[derive(Clone, Copy, Debug)]
pub struct Shares {
    /// Requests a second from one address, 0 for no limit. Above it only tokens that worked before are let in.
    pub address_per_second: u32,
    /// Requests a second with one token; 0 for no limit.
    pub token_per_second: u32,
    /// Requests with one token that are served at the same time, open streams included.
    pub token_at_once: usize,
}

/// Resolves tokens against Postgres, with a cache that follows announced changes.
pub struct Authenticator {
    store: Store,
    vouching: Vouching,
    cache: PrincipalCache,
    attempts: Attempts,
    lookups: Lookups,
    /// For lookups that addresses with many failures ask for.
    suspect_lookups: Semaphore,
    address_pace: Pace<IpAddr>,
    token_pace: Pace<TokenId>,
    /// For requests of each token.
    turns: Turns,
    last_used: LastUsed,
    /// A change listener is connected.
    listening: AtomicBool,
    /// It was said that nobody announces anything.
    unannounced: AtomicBool,
    metrics: Metrics,
}

impl Authenticator {
    /// Nothing is known yet; see [`Authenticator::follow_changes`].
    pub fn new(store: Store, vouching: Vouching, shares: Shares, metrics: Metrics) -> Self {
        Self {
            store,
            vouching,
            cache: PrincipalCache::new(),
            attempts: Attempts::new(),
            lookups: Lookups::default(),
            suspect_lookups: Semaphore::new(SUSPECT_LOOKUPS),
            address_pace: Pace::per_second(shares.address_per_second),
            token_pace: Pace::per_second(shares.token_per_second),
            turns: Turns::per_token(shares.token_at_once),
            last_used: LastUsed::default(),
            listening: AtomicBool::new(false),
            unannounced: AtomicBool::new(false),
            metrics,
        }
    }

    /// The principal of a request and its turn, to be kept until it is answered; or why it is not let in.
    pub async fn authenticate(
        &self,
        headers: &HeaderMap,
        peer: Peer,
        now: Timestamp,
    ) -> Result<(Arc<Principal>, Turn), Refusal> {
        let identified = self.identify(headers, peer, now).await;
        let result = identified.and_then(|principal| self.paced(principal));
        match &result {
            Ok((principal, _)) => {
                self.last_used.note(principal.token_id, now);
                self.metrics.authentication("valid");
            }
            Err(refusal) => {
                self.metrics.authentication(refusal.reason());
                if refusal.is_failed_attempt() {
                    self.attempts.failed(sender(peer.client));
                }
            }
        }
        result
    }

    async fn identify(
        &self,
        headers: &HeaderMap,
        peer: Peer,
        now: Timestamp,
    ) -> Result<Arc<Principal>, Refusal> {
        let address = sender(peer.client);
        let too_fast = self.address_pace.count(&address).err().map(Refusal::AddressTooFast);
        // Before the token is looked at: who does not come through the proxy learns nothing about it.
        let vouched = self.vouching.vouched(headers, peer)?;
        let bearer = bearer::presented(headers).map_err(|problem| {
            too_fast.unwrap_or_else(|| self.limited(address, Refusal::NoBearer(problem)))
        })?;
        let digest = bearer.digest();
        let known = self.cache.get(&digest, Instant::now()).await;
        let principal = if let Some(principal) = known {
            principal
        } else {
            if let Some(refusal) = too_fast
                && !self.attempts.is_familiar(&digest)
            {
                return Err(refusal);
            }
            match self.attempts.holds_up(address, &digest) {
                Some(wait) => self.look_up_for_suspect(&bearer, wait).await?,
                None => self.look_up(&bearer).await?,
            }
        };
        if let Some(at) = principal.expires_at.filter(|at| *at <= now) {
            return Err(Refusal::Expired(Some(at)));
        }
        if let Err(unvouched) = vouched.is_owner(&principal) {
            tracing::warn!(reason = unvouched.reason(), token_id = %principal.token_id, address = %peer.client, "refused a token that works");
            return Err(unvouched.into());
        }
        Ok(principal)
    }

    fn paced(&self, principal: Arc<Principal>) -> Result<(Arc<Principal>, Turn), Refusal> {
        self.token_pace.count(&principal.token_id).map_err(Refusal::TooFast)?;
        let turn = self.turns.take(principal.token_id).ok_or(Refusal::TooManyAtOnce)?;
        Ok((principal, turn))
    }

    /// A malformed token from an address that is already refused is told to wait like any other.
    fn limited(&self, address: IpAddr, refusal: Refusal) -> Refusal {
        match self.attempts.refused(address) {
            Some(wait) if refusal.is_failed_attempt() => Refusal::TooManyAttempts(wait),
            _ => refusal,
        }
    }

    /// A token from an address with many failures may be somebody else's good one (a proxy, a port-forward). It is looked
    /// up too, but few at a time, so that guessing can't occupy the database.
    async fn look_up_for_suspect(&self, bearer: &Bearer, wait: Duration) -> Result<Arc<Principal>, Refusal> {
        let Ok(Ok(_place)) = tokio::time::timeout(SUSPECT_WAIT, self.suspect_lookups.acquire()).await else {
            return Err(Refusal::TooManyAttempts(wait));
        };
        match self.look_up(bearer).await {
            Err(refusal) if refusal.is_failed_attempt() => Err(Refusal::TooManyAttempts(wait)),
            outcome => outcome,
        }
    }

    async fn look_up(&self, bearer: &Bearer) -> Result<Arc<Principal>, Refusal> {
        let (digest, generation) = (bearer.digest(), self.cache.generation());
        // Boxed: a lookup is rare and large, and every request would carry its size along.
        let resolve = Box::pin(self.resolve(bearer, generation));
        let outcome = self.lookups.share(digest, generation, resolve).await;
        if outcome.as_ref().is_err_and(Refusal::is_failed_attempt) {
            self.attempts.forget(&digest);
        }
        outcome
    }

    async fn resolve(&self, bearer: &Bearer, generation: Generation) -> Result<Arc<Principal>, Refusal> {
        let read_at = Instant::now();
        let span = tracing::debug_span!("resolve token", otel.kind = "client", db.system.name = "postgresql");
        let resolution = async {
            if self.vouching.is_asked_for() {
                self.store.resolve_with_email(bearer).await
            } else {
                self.store.resolve(bearer).await
            }
        };
        let resolution = resolution.instrument(span).await.map_err(|error| {
            tracing::warn!(%error, category = error.category().as_str(), "a token could not be checked");
            Refusal::StoreAway
        })?;
        let principal = match resolution {
            Resolution::Valid(principal) => Arc::new(principal),
            Resolution::Expired { at } => return Err(Refusal::Expired(at)),
            Resolution::Revoked => return Err(Refusal::Revoked),
            Resolution::Suspended => return Err(Refusal::Suspended),
            Resolution::Unknown => return Err(Refusal::Unknown),
            Resolution::OwnerGone => return Err(Refusal::OwnerGone),
            Resolution::LimitsUnreadable => return Err(Refusal::RulesUnreadable),
        };
        if self.vouching.is_asked_for() && principal.email.is_none() {
            return Err(Unvouched::OwnerUnreadable.into());
        }
        self.attempts.worked(principal.digest);
        self.cache.keep(principal.clone(), generation, read_at).await;
        Ok(principal)
    }

    /// Drops cached tokens as their changes are announced. Never returns.
    pub async fn follow_changes(&self) {
        let mut changes = std::pin::pin!(self.store.changes());
        while let Some(change) = changes.next().await {
            self.cache.apply(&change).await;
            match change {
                Change::Connected | Change::Everything => {
                    self.listening.store(true, Ordering::Release);
                    self.trust_announcements().await;
                }
                Change::Lost => {
                    self.listening.store(false, Ordering::Release);
                    self.unannounced.store(false, Ordering::Release);
                    self.metrics.listening(false);
                }
                Change::Token(_) | Change::User(_) => {}
            }
        }
    }

    /// A connection alone proves nothing: without the operator's triggers nobody announces anything.
    async fn trust_announcements(&self) {
        let announced = self.store.probe().await.is_ok_and(|facts| facts.announced);
        self.cache.set_announced(announced);
        self.metrics.listening(announced);
        let was_unannounced = self.unannounced.swap(!announced, Ordering::AcqRel);
        if !announced && !was_unannounced {
            tracing::warn!(
                "changes of tokens are not announced (the operator's triggers are missing): tokens are remembered for 5 s only"
            );
        }
    }

    /// Writes `last_used_at` of tokens that are due, and forgets old failures. To be called every few seconds.
    pub async fn tidy(&self, now: Timestamp) {
        // Before anything that waits for Postgres: these grow with every address.
        self.attempts.forget_old();
        self.address_pace.forget_old();
        self.token_pace.forget_old();
        self.last_used.flush(&self.store, now).await;
        // Triggers come with the operator, and go with a table that Aurora makes anew.
        if self.listening.load(Ordering::Acquire) {
            self.trust_announcements().await;
        }
    }

    /// Writes what is left.
    pub async fn shut_down(&self, now: Timestamp) {
        self.last_used.flush_all(&self.store, now).await;
    }
}

/// Addresses of IPv4 as a translating gateway writes them, before their 32 bits (RFC 6052).
const TRANSLATED: u128 = 0x0064_ff9b << 96;

/// Who is counted as one sender: an address, or the network of 64 bits that one subscriber has of the Internet. Private networks
/// give each machine one address, and a node's pods share its 64 bits.
fn sender(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let bits = v6.to_bits();
    let (network, rest) = (bits >> 64 << 64, u32::try_from(bits ^ TRANSLATED));
    match rest {
        Ok(v4) => Ipv4Addr::from_bits(v4).into(),
        Err(_) if v6.is_unique_local() || v6.is_unicast_link_local() => address,
        Err(_) => Ipv6Addr::from_bits(network).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscriber_is_one_sender_however_many_addresses_it_has() {
        let of = |text: &str| sender(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:aaaa::1"), of("2001:db8:1:2::2"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        for (one, other) in [
            ("192.0.2.1", "192.0.2.2"),
            ("fd00::1", "fd00::2"),
            ("fe80::1", "fe80::2"),
            ("::1", "2001:db8::1"),
        ] {
            assert_ne!(of(one), of(other));
        }
        assert_eq!(of("64:ff9b::c000:201"), of("192.0.2.1"));
    }
}
