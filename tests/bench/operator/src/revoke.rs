//! How long a token works after its row was revoked.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use aurora_mcp_test_database::TestDatabase;
use futures::future::try_join_all;
use jiff::Timestamp;
use sqlx::PgConnection;

use crate::gateways::Gateway;

/// A ping every so often: finer than what is measured, and no load.
const LOOK: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(30);

/// Has the database note when a row was revoked: within the statement that does so, so before anybody can know.
const NOTE: &str = "
    CREATE TABLE revoked (token text PRIMARY KEY, at timestamptz NOT NULL);
    CREATE FUNCTION note_revoked() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    BEGIN
        INSERT INTO revoked VALUES (NEW.token, clock_timestamp()) ON CONFLICT DO NOTHING;
        RETURN NULL;
    END $$;
    CREATE TRIGGER note_revoked AFTER UPDATE OF status ON mcp_tokens
        FOR EACH ROW WHEN (NEW.status = 'revoked') EXECUTE FUNCTION note_revoked();";

/// When rows were revoked, by the database's own account.
pub struct Notes(PgConnection);

impl Notes {
    /// Has a database take notes from now on.
    pub async fn of(database: &TestDatabase) -> Self {
        database.execute(NOTE).await;
        Self(database.connect().await)
    }

    async fn when(&mut self, stored: &str) -> Result<Timestamp> {
        let sql = "SELECT (extract(epoch FROM at) * 1000000)::bigint FROM revoked WHERE token = $1";
        let at: Option<i64> = sqlx::query_scalar(sql).bind(stored).fetch_optional(&mut self.0).await?;
        Ok(Timestamp::from_microsecond(at.context("nobody noted the revocation")?)?)
    }
}

/// How long it took from the change of the row until each replica refused the token.
#[derive(Debug)]
pub struct Revocation {
    /// By replica.
    pub replicas: Vec<Duration>,
    /// From the moment that somebody asked for it until the last replica refused.
    pub asked: Duration,
}

impl Revocation {
    /// Until the last replica refused.
    pub fn everywhere(&self) -> Duration {
        self.replicas.iter().copied().max().unwrap_or_default()
    }
}

/// Has every replica know the token, then takes it away by `act`. `stored` is what stands in `mcp_tokens.token`.
pub async fn revoke(
    notes: &mut Notes,
    gateways: &[Gateway],
    bearer: &str,
    stored: &str,
    client: usize,
    act: impl Future<Output = Result<()>>,
) -> Result<Revocation> {
    for status in try_join_all(gateways.iter().map(|gateway| gateway.ping(bearer, client))).await? {
        ensure!(status == 200, "the token does not work before it is revoked: {status}");
    }
    let asked = now();
    let refused = try_join_all(gateways.iter().map(|gateway| refusal(gateway, bearer, client)));
    let (refused, ()) = tokio::try_join!(refused, act)?;
    let changed = notes.when(stored).await?;
    let since = |then: Timestamp, refused: &Timestamp| refused.duration_since(then).unsigned_abs();
    Ok(Revocation {
        replicas: refused.iter().map(|refused| since(changed, refused)).collect(),
        asked: refused.iter().map(|refused| since(asked, refused)).max().unwrap_or_default(),
    })
}

/// When a replica first says 401.
async fn refusal(gateway: &Gateway, bearer: &str, client: usize) -> Result<Timestamp> {
    let wait = async {
        loop {
            match gateway.ping(bearer, client).await? {
                200 => tokio::time::sleep(LOOK).await,
                401 => return Ok(now()),
                other => anyhow::bail!("the gateway answered {other}"),
            }
        }
    };
    tokio::time::timeout(LONGEST, wait).await.context("a revoked token works on")?
}

/// Of this machine, as the database's is: both read one clock.
#[expect(clippy::disallowed_methods, reason = "compared with the clock of the database")]
fn now() -> Timestamp {
    Timestamp::now()
}
