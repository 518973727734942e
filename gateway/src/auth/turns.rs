//! How many requests of one token are served at once, so that nobody can occupy the gateway alone.
//!
//! Most requests take milliseconds; a question to Aurora's agent takes a minute, and a subscription ten.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aurora_mcp_store::TokenId;

/// Counts requests in flight by token.
#[derive(Clone)]
pub struct Turns {
    most: usize,
    taken: Arc<Mutex<HashMap<TokenId, usize>>>,
}

impl Turns {
    /// So many at once for each token.
    pub fn per_token(most: usize) -> Self {
        Self { most, taken: Arc::default() }
    }

    /// Takes a turn, which ends when it is dropped; none is left for a token that has its share.
    pub fn take(&self, token: TokenId) -> Option<Turn> {
        let mut counts = lock(&self.taken);
        let count = counts.entry(token).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Turn { token, taken: self.taken.clone() })
    }
}

/// One request of a token, for as long as it is served.
pub struct Turn {
    token: TokenId,
    taken: Arc<Mutex<HashMap<TokenId, usize>>>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut counts = lock(&self.taken);
        if let Some(count) = counts.get_mut(&self.token) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.token);
            }
        }
    }
}

/// Counts are whole after every statement, so a panic elsewhere can't have spoiled them.
fn lock(taken: &Mutex<HashMap<TokenId, usize>>) -> MutexGuard<'_, HashMap<TokenId, usize>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_its_share_and_leaves_the_others_theirs() {
        let turns = Turns::per_token(2);
        let [one, other] = [1, 2].map(TokenId);
        let first = turns.take(one);
        let second = turns.take(one);
        assert!(first.is_some() && second.is_some() && turns.take(one).is_none());
        assert!(turns.take(other).is_some());
        drop(first);
        assert!(turns.take(one).is_some());
        drop(second);
        assert!(lock(&turns.taken).is_empty(), "tokens at rest are forgotten");
    }
}
