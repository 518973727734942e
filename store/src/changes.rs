//! Changes to tokens and users, as Postgres announces them on `aurora_mcp_changes`.

use std::time::Duration;

use futures::Stream;
use sqlx::postgres::PgListener;

use crate::{Store, StoreError, TokenDigest, UserId};

/// The channel that our triggers notify. Payloads: `token sha256:…`, `user <id>`; never a secret.
pub(crate) const CHANNEL: &str = "aurora_mcp_changes";

/// A quiet connection is asked for a sign of life this often: a dead one may not look alive for longer.
const HEARTBEAT: Duration = Duration::from_secs(2);
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(3);

/// Something that the listener has to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// From now on every change is announced. What was remembered before may be stale.
    Connected,
    /// From now on changes may be missed until [`Change::Connected`].
    Lost,
    /// A token's row or its limits changed.
    Token(TokenDigest),
    /// A user changed organisation, or is gone.
    User(UserId),
    /// Something changed that this version can't name: forget everything.
    Everything,
}

enum State {
    Away { retry: Duration },
    Listening(Box<PgListener>),
}

impl Store {
    /// An endless stream of changes. It starts with [`Change::Connected`] once it listens, and reconnects by itself.
    ///
    /// Losing the connection is noticed within four seconds, even if the network swallows it. Each
    /// stream has a connection of its own, beside the pool.
    pub fn changes(&self) -> impl Stream<Item = Change> + Send + 'static {
        let store = self.clone();
        futures::stream::unfold(State::Away { retry: Duration::ZERO }, move |state| {
            let store = store.clone();
            async move {
                match state {
                    State::Away { retry } => {
                        let listener = store.listen_persistently(retry).await;
                        Some((Change::Connected, State::Listening(Box::new(listener))))
                    }
                    State::Listening(mut listener) => match next_change(&mut listener).await {
                        Ok(change) => Some((change, State::Listening(listener))),
                        Err(error) => {
                            tracing::warn!(%error, "changes of tokens are not announced for now");
                            Some((Change::Lost, State::Away { retry: FIRST_RETRY }))
                        }
                    },
                }
            }
        })
    }

    async fn listen_persistently(&self, first_wait: Duration) -> PgListener {
        let mut wait = first_wait;
        loop {
            tokio::time::sleep(wait).await;
            match self.listen().await {
                Ok(listener) => return listener,
                Err(error) => tracing::debug!(%error, "not listening for changes yet"),
            }
            wait = (wait * 2).clamp(FIRST_RETRY, LAST_RETRY);
        }
    }

    async fn listen(&self) -> Result<PgListener, StoreError> {
        let step = StoreError::at("listen for changes");
        let mut listener = PgListener::connect_with(&self.listener_pool()).await.map_err(&step)?;
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await.map_err(&step)?;
        Ok(listener)
    }
}

/// The next change, or why there will be none on this connection.
async fn next_change(listener: &mut PgListener) -> Result<Change, StoreError> {
    let step = StoreError::at("listen for changes");
    let silence = |_| StoreError::at("hear from the change listener")(sqlx::Error::PoolTimedOut);
    loop {
        match tokio::time::timeout(HEARTBEAT, listener.try_recv()).await {
            Ok(Ok(Some(notification))) => return Ok(parse(notification.payload())),
            Ok(Ok(None)) => return Err(step(sqlx::Error::WorkerCrashed)),
            Ok(Err(error)) => return Err(step(error)),
            Err(_quiet) => {
                let beat = sqlx::query("SELECT 1").execute(&mut *listener);
                tokio::time::timeout(HEARTBEAT, beat).await.map_err(silence)?.map_err(&step)?;
            }
        }
    }
}

fn parse(payload: &str) -> Change {
    match payload.split_once(' ') {
        Some(("token", digest)) => digest.parse().map_or(Change::Everything, Change::Token),
        Some(("user", id)) if !id.is_empty() => Change::User(UserId::new(id)),
        _ => Change::Everything,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_are_read_and_doubt_forgets_everything() {
        let digest = TokenDigest::of("x");
        assert_eq!(parse(&format!("token {digest}")), Change::Token(digest));
        assert_eq!(parse("user 42"), Change::User(UserId::new("42")));
        for payload in ["", "token", "token 42", "user ", "schema 3", "tokensha256:"] {
            assert_eq!(parse(payload), Change::Everything, "{payload:?}");
        }
    }
}
