//! Resolved tokens, by digest. Dropped as soon as a change is announced; short-lived while none can be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aurora_mcp_store::{Change, Principal, TokenDigest, UserId};
use moka::future::Cache;

/// How long an entry serves while changes are announced: a net below the announcements.
const ANNOUNCED: Duration = Duration::from_secs(60);
/// How long an entry serves while changes may go unheard.
const UNHEARD: Duration = Duration::from_secs(5);
/// Tokens in use at the same time.
const CAPACITY: u64 = 50_000;

#[derive(Clone)]
struct Entry {
    principal: Arc<Principal>,
    read_at: Instant,
}

/// Valid tokens that were looked up lately. Refusals are not kept.
pub struct PrincipalCache {
    entries: Cache<TokenDigest, Entry>,
    announced: AtomicBool,
    /// Grows with every change, so that an answer read before a change is not kept after it.
    generation: AtomicU64,
}

/// The moment before a lookup; see [`PrincipalCache::keep`].
#[derive(Clone, Copy, Hash, PartialEq, Eq)]
pub struct Generation(u64);

impl PrincipalCache {
    /// An empty cache that trusts nothing for long until [`PrincipalCache::set_announced`].
    pub fn new() -> Self {
        Self {
            entries: Cache::builder()
                .max_capacity(CAPACITY)
                .time_to_live(ANNOUNCED)
                .support_invalidation_closures()
                .build(),
            announced: AtomicBool::new(false),
            generation: AtomicU64::new(0),
        }
    }

    /// The principal of a token, if it is known and fresh enough.
    pub async fn get(&self, digest: &TokenDigest, now: Instant) -> Option<Arc<Principal>> {
        let entry = self.entries.get(digest).await?;
        let trusted = if self.announced.load(Ordering::Acquire) { ANNOUNCED } else { UNHEARD };
        (now.saturating_duration_since(entry.read_at) < trusted).then_some(entry.principal)
    }

    /// To be called before the database is asked.
    pub fn generation(&self) -> Generation {
        Generation(self.generation.load(Ordering::Acquire))
    }

    /// Keeps an answer that was asked for at `since`, unless something changed meanwhile.
    pub async fn keep(&self, principal: Arc<Principal>, since: Generation, read_at: Instant) {
        let digest = principal.digest;
        self.entries.insert(digest, Entry { principal, read_at }).await;
        if self.generation.load(Ordering::Acquire) != since.0 {
            self.entries.invalidate(&digest).await;
        }
    }

    /// Takes note of a change.
    pub async fn apply(&self, change: &Change) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        match change {
            Change::Token(digest) => self.entries.invalidate(digest).await,
            Change::User(user) => self.forget_user(user.clone()),
            Change::Lost => self.announced.store(false, Ordering::Release),
            Change::Connected | Change::Everything => self.entries.invalidate_all(),
        }
    }

    /// Whether changes are announced from now on. What was read before may have changed unannounced.
    pub fn set_announced(&self, announced: bool) {
        if announced && !self.announced.load(Ordering::Acquire) {
            self.generation.fetch_add(1, Ordering::AcqRel);
            self.entries.invalidate_all();
        }
        self.announced.store(announced, Ordering::Release);
    }

    fn forget_user(&self, user: UserId) {
        if self.entries.invalidate_entries_if(move |_, entry| entry.principal.user_id == user).is_err() {
            self.entries.invalidate_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use aurora_mcp_store::{Access, OrgId, TokenId};

    use super::*;

    fn principal(text: &str, user: &str) -> Arc<Principal> {
        Arc::new(Principal {
            token_id: TokenId(1),
            digest: TokenDigest::of(text),
            user_id: UserId::new(user),
            org_id: OrgId::new("org"),
            name: None,
            expires_at: None,
            access: Access::default(),
            email: None,
        })
    }

    async fn filled() -> (PrincipalCache, Instant) {
        let (cache, now) = (PrincipalCache::new(), Instant::now());
        cache.apply(&Change::Connected).await;
        cache.set_announced(true);
        for (text, user) in [("a", "alice"), ("b", "bob")] {
            cache.keep(principal(text, user), cache.generation(), now).await;
        }
        (cache, now)
    }

    async fn known(cache: &PrincipalCache, text: &str, at: Instant) -> bool {
        cache.get(&TokenDigest::of(text), at).await.is_some()
    }

    #[tokio::test]
    async fn a_change_drops_just_what_it_is_about() {
        let (cache, now) = filled().await;
        cache.apply(&Change::Token(TokenDigest::of("a"))).await;
        assert!(!known(&cache, "a", now).await && known(&cache, "b", now).await);
        cache.apply(&Change::User(UserId::new("bob"))).await;
        assert!(!known(&cache, "b", now).await);
    }

    #[tokio::test]
    async fn a_new_connection_forgets_what_was_missed() {
        let (cache, now) = filled().await;
        cache.apply(&Change::Connected).await;
        assert!(!known(&cache, "a", now).await && !known(&cache, "b", now).await);
    }

    #[tokio::test]
    async fn while_nothing_is_announced_entries_live_five_seconds() {
        let (cache, now) = filled().await;
        let later = |seconds| now + Duration::from_secs(seconds);
        assert!(known(&cache, "a", later(30)).await);
        cache.apply(&Change::Lost).await;
        assert!(known(&cache, "a", later(4)).await);
        assert!(!known(&cache, "a", later(5)).await);
    }

    #[tokio::test]
    async fn an_answer_from_before_a_change_is_not_kept_after_it() {
        let (cache, now) = filled().await;
        let before = cache.generation();
        cache.apply(&Change::Token(TokenDigest::of("c"))).await;
        cache.keep(principal("c", "carol"), before, now).await;
        assert!(!known(&cache, "c", now).await);
    }
}
