//! Which random histories a run goes through.

/// Consecutive seeds: `LIFECYCLE_SEED` repeats a single one; `LIFECYCLE_FROM` begins with another than the first; `<NAME>_RUNS` says how many
/// instead of the default.
#[derive(Debug, Clone)]
pub struct Seeds {
    /// The first.
    pub first: u64,
    /// How many.
    pub count: u64,
}

impl Seeds {
    /// Reads the environment. Without it the histories are always the same: a change makes them fail, not chance.
    pub fn from_environment(name: &str, count: u64) -> Self {
        if let Some(seed) = number("LIFECYCLE_SEED") {
            return Self { first: seed, count: 1 };
        }
        let first = number("LIFECYCLE_FROM").unwrap_or(1);
        Self { first, count: number(&format!("{name}_RUNS")).unwrap_or(count) }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = u64> + use<> {
        self.first..self.first + self.count
    }
}

#[expect(clippy::disallowed_methods, reason = "how a run is repeated")]
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text:?} is no number")))
}
