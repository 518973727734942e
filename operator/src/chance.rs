//! The clock and randomness of the operator: read here, passed on as arguments.

use std::time::Duration;

use aurora_mcp_store::TokenBytes;
use jiff::Timestamp;
use rand::RngCore as _;

/// The time at the start of a pass; the database's clock replaces it where that answers.
#[expect(clippy::disallowed_methods, reason = "where a pass begins")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// Bytes for a new token, from a generator seeded by the operating system.
#[expect(clippy::disallowed_methods, reason = "the one place where tokens' bytes are drawn")]
pub(crate) fn token_bytes() -> TokenBytes {
    let mut bytes = [0; 48];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// Between three quarters and five quarters of `wait`, so that many waits don't end together.
pub(crate) fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(0.75 + rand::random::<f64>() * 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_that_began_together_do_not_end_together() {
        let minute = Duration::from_secs(60);
        let waits: Vec<_> = (0..1000).map(|_| jittered(minute)).collect();
        let (least, most) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
        assert!(*least >= minute.mul_f64(0.75) && *most <= minute.mul_f64(1.25), "{least:?} to {most:?}");
        for tenth in 0..10u32 {
            let (from, to) = (f64::from(tenth) * 0.05 + 0.75, f64::from(tenth + 1) * 0.05 + 0.75);
            let within = |wait: &&Duration| (minute.mul_f64(from)..minute.mul_f64(to)).contains(*wait);
            let count = waits.iter().filter(within).count();
            assert!((30..250).contains(&count), "{count} of 1000 end in tenth {tenth}");
        }
    }
}
