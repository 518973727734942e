//! When tokens were last used: collected here, written in batches, at most once a minute per token.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aurora_mcp_store::{Store, TokenId};
use jiff::{SignedDuration, Timestamp};

const INTERVAL: SignedDuration = SignedDuration::from_secs(60);
const BATCH: usize = 1_000;

/// Uses that are not written yet, and when each token was last written.
#[derive(Default)]
pub struct LastUsed {
    uses: Mutex<Uses>,
}

#[derive(Default)]
struct Uses {
    pending: HashMap<TokenId, Timestamp>,
    written: HashMap<TokenId, Timestamp>,
}

impl Uses {
    fn note(&mut self, token: TokenId, at: Timestamp) {
        self.pending.insert(token, at);
    }

    /// Takes what may be written now: a token's use is held back until a minute after its last one was written.
    fn take_due(&mut self, now: Timestamp) -> Vec<(TokenId, Timestamp)> {
        self.written.retain(|_, at| now.duration_since(*at) < INTERVAL);
        let written = &self.written;
        self.pending.extract_if(|token, _| !written.contains_key(token)).collect()
    }

    fn take_all(&mut self) -> Vec<(TokenId, Timestamp)> {
        self.pending.drain().collect()
    }

    fn put_back(&mut self, uses: &[(TokenId, Timestamp)]) {
        for (token, at) in uses {
            self.pending.entry(*token).or_insert(*at);
        }
    }

    fn mark_written(&mut self, uses: &[(TokenId, Timestamp)], now: Timestamp) {
        self.written.extend(uses.iter().map(|(token, _)| (*token, now)));
    }
}

impl LastUsed {
    /// Notes a use.
    pub fn note(&self, token: TokenId, at: Timestamp) {
        self.with(|uses| uses.note(token, at));
    }

    /// Writes what is due. What can't be written waits for the next time.
    pub async fn flush(&self, store: &Store, now: Timestamp) {
        let due = self.with(|uses| uses.take_due(now));
        self.write(store, &due, now).await;
    }

    /// Writes everything: the last thing before the end.
    pub async fn flush_all(&self, store: &Store, now: Timestamp) {
        let all = self.with(Uses::take_all);
        self.write(store, &all, now).await;
    }

    async fn write(&self, store: &Store, uses: &[(TokenId, Timestamp)], now: Timestamp) {
        for batch in uses.chunks(BATCH) {
            match store.touch_last_used(batch).await {
                Ok(()) => self.with(|uses| uses.mark_written(batch, now)),
                Err(error) => {
                    tracing::warn!(%error, tokens = batch.len(), "last_used_at was not written; it waits");
                    self.with(|uses| uses.put_back(batch));
                }
            }
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Uses) -> T) -> T {
        act(&mut self.uses.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    #[test]
    fn a_token_is_written_at_most_once_a_minute() {
        let mut uses = Uses::default();
        uses.note(TokenId(1), at(0));
        uses.note(TokenId(1), at(1));
        let first = uses.take_due(at(2));
        assert_eq!(first, [(TokenId(1), at(1))], "one row, the latest use");
        uses.mark_written(&first, at(2));
        uses.note(TokenId(1), at(30));
        assert_eq!(uses.take_due(at(31)), []);
        assert_eq!(uses.take_due(at(62)), [(TokenId(1), at(30))]);
    }

    #[test]
    fn nothing_is_written_when_nothing_was_used() {
        assert_eq!(Uses::default().take_due(at(0)), []);
        assert_eq!(Uses::default().take_all(), []);
    }

    #[test]
    fn what_could_not_be_written_waits_but_never_hides_a_later_use() {
        let mut uses = Uses::default();
        uses.note(TokenId(1), at(0));
        let due = uses.take_due(at(1));
        uses.note(TokenId(1), at(2));
        uses.put_back(&due);
        assert_eq!(uses.take_due(at(3)), [(TokenId(1), at(2))]);
    }

    #[test]
    fn shutdown_takes_everything() {
        let mut uses = Uses::default();
        uses.mark_written(&[(TokenId(1), at(0))], at(0));
        uses.note(TokenId(1), at(1));
        assert_eq!(uses.take_all(), [(TokenId(1), at(1))]);
    }
}
