//! Which connectors a user has, remembered for a moment: Aurora asks every provider each time.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use moka::future::Cache;
use tracing::Instrument;

use crate::aurora::{AsUser, Connectors};

/// As long as Aurora's own MCP server remembers it.
const FRESH: Duration = Duration::from_secs(30);
const MOST_USERS: u64 = 10_000;
/// A list of tools doesn't wait for a provider that hangs.
const LIST_PATIENCE: Duration = Duration::from_secs(3);

/// Status by user and organisation.
#[derive(Debug)]
pub struct ConnectorStatus {
    cache: Cache<(HeaderValue, HeaderValue), Arc<Connectors>>,
}

impl Default for ConnectorStatus {
    fn default() -> Self {
        Self { cache: Cache::builder().max_capacity(MOST_USERS).time_to_live(FRESH).build() }
    }
}

impl ConnectorStatus {
    /// What is connected; `None` when Aurora can't say. Many who ask at once make one request, and it ends even if they
    /// go away.
    pub async fn of(&self, user: AsUser<'_>) -> Option<Arc<Connectors>> {
        let key = user.key();
        if let Some(known) = self.cache.get(&key).await {
            return Some(known);
        }
        let cache = self.cache.clone();
        let (aurora, caller) = user.owned();
        let asking = async move {
            let ask = async { aurora.as_user(&caller).connectors().await.map(Arc::new) };
            cache.try_get_with(key, ask).await.ok()
        };
        tokio::spawn(asking.in_current_span()).await.ok().flatten()
    }

    /// The same for a list of tools: nothing is connected as far as is known in time.
    pub async fn in_time(&self, user: AsUser<'_>) -> Arc<Connectors> {
        tokio::time::timeout(LIST_PATIENCE, self.of(user)).await.ok().flatten().unwrap_or_default()
    }
}
