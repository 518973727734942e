//! Wrong tokens, counted by client address.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use aurora_mcp_store::TokenDigest;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use moka::sync::Cache;

const BURST: NonZeroU32 = NonZeroU32::new(30).unwrap();
const PER_SECOND: NonZeroU32 = NonZeroU32::new(1).unwrap();
/// Addresses that are refused at the same time; more would only push the oldest out.
const CAPACITY: u64 = 10_000;
/// Tokens that are remembered to have worked.
const FAMILIAR: u64 = 50_000;

/// Thirty wrong tokens at once, then one a second; beyond that a wrong one is told to wait.
///
/// Many people may share an address (a proxy, a port-forward), so a token that has worked before is never held up.
pub struct Attempts {
    failures: DefaultKeyedRateLimiter<IpAddr>,
    refused: Cache<IpAddr, Duration>,
    familiar: Cache<TokenDigest, ()>,
    clock: DefaultClock,
}

impl Attempts {
    /// Nobody has failed yet.
    pub fn new() -> Self {
        Self {
            failures: RateLimiter::keyed(Quota::per_second(PER_SECOND).allow_burst(BURST)),
            refused: Cache::builder().max_capacity(CAPACITY).time_to_live(Duration::from_secs(1)).build(),
            familiar: Cache::new(FAMILIAR),
            clock: DefaultClock::default(),
        }
    }

    /// How long the address has to wait, if it has.
    pub fn refused(&self, address: IpAddr) -> Option<Duration> {
        self.refused.get(&address)
    }

    /// How long the address has to wait with this token, if it has.
    pub fn holds_up(&self, address: IpAddr, token: &TokenDigest) -> Option<Duration> {
        self.refused(address).filter(|_| !self.is_familiar(token))
    }

    /// Whether a token has worked before, and nothing else was heard of it since.
    pub fn is_familiar(&self, token: &TokenDigest) -> bool {
        self.familiar.contains_key(token)
    }

    /// Notes a token that works.
    pub fn worked(&self, token: TokenDigest) {
        self.familiar.insert(token, ());
    }

    /// Notes that a token works no more.
    pub fn forget(&self, token: &TokenDigest) {
        self.familiar.invalidate(token);
    }

    /// Notes a wrong token.
    pub fn failed(&self, address: IpAddr) {
        if let Err(not_until) = self.failures.check_key(&address) {
            self.refused.insert(address, not_until.wait_time_from(self.clock.now()));
        }
    }

    /// Drops addresses that have calmed down.
    pub fn forget_old(&self) {
        self.failures.retain_recent();
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn an_address_is_refused_after_thirty_failures_and_others_are_not() {
        let attempts = Attempts::new();
        let [one, other] = [1, 2].map(|last| IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)));
        for _ in 0..30 {
            attempts.failed(one);
            assert_eq!(attempts.refused(one), None);
        }
        attempts.failed(one);
        assert!(attempts.refused(one).is_some());
        assert_eq!(attempts.refused(other), None);
        let [known, unknown] = ["known", "unknown"].map(TokenDigest::of);
        attempts.worked(known);
        assert_eq!(attempts.holds_up(one, &known), None);
        assert!(attempts.holds_up(one, &unknown).is_some());
        attempts.forget(&known);
        assert!(attempts.holds_up(one, &known).is_some(), "it was revoked");
    }
}
