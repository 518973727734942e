//! How fast one token, or one address, may go.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// So many seconds' worth of requests may come at once.
const BURST_SECONDS: u32 = 4;

/// Limits the requests of each key by itself.
pub struct Pace<K: Clone + Eq + Hash> {
    limiter: Option<DefaultKeyedRateLimiter<K>>,
    clock: DefaultClock,
}

impl<K: Clone + Eq + Hash> Pace<K> {
    /// Requests a second and key; 0 for no limit.
    pub fn per_second(requests: u32) -> Self {
        let quota = |rate: NonZeroU32| {
            let burst = NonZeroU32::new(rate.get().saturating_mul(BURST_SECONDS)).unwrap_or(rate);
            RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst))
        };
        Self { limiter: NonZeroU32::new(requests).map(quota), clock: DefaultClock::default() }
    }

    /// Counts a request. An error says how long to wait.
    pub fn count(&self, key: &K) -> Result<(), Duration> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        limiter.check_key(key).map_err(|not_until| not_until.wait_time_from(self.clock.now()))
    }

    /// Drops keys that have been quiet.
    pub fn forget_old(&self) {
        if let Some(limiter) = &self.limiter {
            limiter.retain_recent();
        }
    }
}

#[cfg(test)]
mod tests {
    use aurora_mcp_store::TokenId;

    use super::*;

    #[test]
    fn one_token_at_its_limit_slows_no_other() {
        let pace = Pace::per_second(1);
        for _ in 0..BURST_SECONDS {
            assert_eq!(pace.count(&TokenId(1)), Ok(()));
        }
        assert!(pace.count(&TokenId(1)).is_err());
        assert_eq!(pace.count(&TokenId(2)), Ok(()));
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        let pace = Pace::per_second(0);
        assert!((0..10_000).all(|_| pace.count(&TokenId(1)).is_ok()));
    }
}
