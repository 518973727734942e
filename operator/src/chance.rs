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
