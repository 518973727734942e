//! How much is measured; the environment may say less.

/// A number of the environment, or the default.
#[expect(clippy::disallowed_methods, reason = "how a benchmark is made shorter")]
pub fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
