//! Waiting for a condition, with a deadline.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

const INTERVAL: Duration = Duration::from_millis(25);

/// Looks until `check` succeeds, or fails after `seconds` with what it said last. `what` completes "waited for …".
pub async fn eventually<T>(what: &str, seconds: u64, mut check: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    loop {
        match check().await {
            Ok(value) => return Ok(value),
            Err(error) if Instant::now() >= deadline => {
                return Err(error).with_context(|| format!("waited {seconds} s for {what}"));
            }
            Err(_) => tokio::time::sleep(INTERVAL).await,
        }
    }
}
