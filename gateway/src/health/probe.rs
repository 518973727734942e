//! What a probe is.

use std::future::Future;

use super::verdict::Verdict;

/// Asks one component how it is.
pub trait Probe: Send + 'static {
    /// One check. It may keep a connection or a memory of earlier checks in `self`; it is given a time limit by its
    /// caller, so that it may be dropped at any await.
    fn check(&mut self) -> impl Future<Output = Verdict> + Send;
}
