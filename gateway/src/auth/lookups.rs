//! Lookups of tokens that are under way: who asks for the same token meanwhile waits for the same answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use aurora_mcp_store::{Principal, TokenDigest};
use tokio::sync::OnceCell;

use super::Refusal;
use super::cache::Generation;

type Outcome = Result<Arc<Principal>, Refusal>;
type Lookup = OnceCell<Outcome>;

/// A token, and what was known of changes when it was asked for: after a change the database is asked anew.
type Key = (TokenDigest, Generation);

/// Lookups under way, by token.
#[derive(Default)]
pub struct Lookups {
    under_way: Mutex<HashMap<Key, Weak<Lookup>>>,
}

impl Lookups {
    /// The outcome of the lookup that is under way, or of `ask`. If whoever asks goes away, the next one who waits asks.
    pub async fn share(
        &self,
        token: TokenDigest,
        generation: Generation,
        ask: impl Future<Output = Outcome>,
    ) -> Outcome {
        self.join((token, generation)).get_or_init(|| ask).await.clone()
    }

    fn join(&self, key: Key) -> Arc<Lookup> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lookup) = under_way.get(&key).and_then(Weak::upgrade) {
            return lookup;
        }
        under_way.retain(|_, lookup| lookup.strong_count() > 0);
        let lookup = Arc::<Lookup>::default();
        under_way.insert(key, Arc::downgrade(&lookup));
        lookup
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use aurora_mcp_store::Change;
    use futures::FutureExt as _;
    use futures::future::{join, pending};

    use super::super::cache::PrincipalCache;
    use super::*;

    async fn refused_after_a_while(asked: &Cell<u32>) -> Outcome {
        asked.set(asked.get() + 1);
        tokio::task::yield_now().await;
        Err(Refusal::Unknown)
    }

    #[tokio::test]
    async fn the_same_token_is_looked_up_once_at_a_time_and_anew_after_a_change() {
        let (lookups, cache, asked) = (Lookups::default(), PrincipalCache::new(), Cell::new(0));
        let share = |token: &str, generation| {
            lookups.share(TokenDigest::of(token), generation, refused_after_a_while(&asked))
        };
        let before = cache.generation();
        let both = join(share("a", before), share("a", before)).await;
        assert_eq!(
            (both.0.unwrap_err(), both.1.unwrap_err(), asked.get()),
            (Refusal::Unknown, Refusal::Unknown, 1)
        );
        let _ = join(share("a", before), share("b", before)).await;
        assert_eq!(asked.get(), 3, "another token, and one whose lookup is over");
        let early = share("a", before);
        cache.apply(&Change::Token(TokenDigest::of("a"))).await;
        let _ = join(early, share("a", cache.generation())).await;
        assert_eq!(asked.get(), 5, "what was asked before a change is no answer after it");
    }

    #[tokio::test]
    async fn when_the_one_who_asks_goes_away_the_next_one_asks() {
        let (lookups, asked) = (Lookups::default(), Cell::new(0));
        let (token, generation) = (TokenDigest::of("a"), PrincipalCache::new().generation());
        let mut first = Box::pin(lookups.share(token, generation, pending()));
        assert!(first.as_mut().now_or_never().is_none());
        let mut second = Box::pin(lookups.share(token, generation, refused_after_a_while(&asked)));
        assert!(second.as_mut().now_or_never().is_none() && asked.get() == 0, "it waits");
        drop(first);
        assert_eq!((second.await.unwrap_err(), asked.get()), (Refusal::Unknown, 1));
    }
}
