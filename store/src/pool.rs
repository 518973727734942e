//! The connection pool, and what every session sets before its first statement.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};

use crate::{Settings, StoreError};

const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);
const MAX_LIFETIME: Duration = Duration::from_secs(1800);
/// A connection that was used so lately is taken to be alive; an older one is asked.
const ALIVE: Duration = Duration::from_secs(1);
/// Postgres ends a statement after five seconds. This is for when the network swallowed it, or its end.
const ANSWER: Duration = Duration::from_secs(10);

/// Aurora's database. Cloning is cheap; all clones share one pool.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) pool: PgPool,
    options: PgConnectOptions,
}

impl Store {
    /// A pool that connects when it is first used, so that a program starts while Postgres is away.
    ///
    /// `program` shows as `application_name`; `connections` is the most that are open at once (the change listener has
    /// one of its own besides).
    pub fn connect_lazy(settings: &Settings, program: &str, connections: u32) -> Self {
        let options = settings.connect_options(program);
        let zone = settings.time_zone().map(str::to_owned);
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(IDLE_TIMEOUT)
            .max_lifetime(MAX_LIFETIME)
            .test_before_acquire(false)
            .before_acquire(|connection, state| {
                Box::pin(async move {
                    if state.idle_for > ALIVE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            // A connection that the network swallowed must not keep its place: the pool waits for as long as TCP does.
            .after_release(|connection, _| {
                Box::pin(async move {
                    let alive = tokio::time::timeout(ACQUIRE_TIMEOUT, connection.ping()).await;
                    alive.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map(|()| true)
                })
            })
            .after_connect(move |connection, _| {
                let zone = zone.clone();
                Box::pin(async move { prepare_session(connection, zone.as_deref()).await })
            });
        Self { pool: pool.connect_lazy_with(options.clone()), options }
    }

    /// Closes all connections; pending calls fail as unavailable.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Connects once, outside the pool: the pool tries again while a server starts or has no session left, and when its
    /// time is up it knows only that.
    pub async fn connect_once(&self) -> Result<(), StoreError> {
        const STEP: &str = "connect to Postgres";
        match tokio::time::timeout(ACQUIRE_TIMEOUT, self.options.connect()).await {
            Ok(connection) => {
                connection.map_err(StoreError::at(STEP))?.close().await.map_err(StoreError::at(STEP))
            }
            Err(_) => Err(StoreError::NoConnection { step: STEP }),
        }
    }

    /// A pool of one connection for the change listener, new each time: a connection that the network swallowed can't
    /// be given back, and must not be waited for.
    pub(crate) fn listener_pool(&self) -> PgPool {
        PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .max_lifetime(None)
            .connect_lazy_with(self.options.clone())
    }

    pub(crate) async fn begin(&self, step: &'static str) -> Result<sqlx::PgTransaction<'static>, StoreError> {
        self.pool.begin().await.map_err(StoreError::at(step))
    }
}

/// What Postgres has to say to a whole step, or that it says nothing.
pub(crate) fn answered<T>(
    step: &'static str,
    work: impl Future<Output = Result<T, StoreError>>,
) -> impl Future<Output = Result<T, StoreError>> {
    answered_within(ANSWER, step, work)
}

/// The same for a step that may take longer. On the heap: the steps would make the futures of all their callers large.
pub(crate) fn answered_within<T>(
    limit: Duration,
    step: &'static str,
    work: impl Future<Output = Result<T, StoreError>>,
) -> impl Future<Output = Result<T, StoreError>> {
    let work = Box::pin(work);
    async move { tokio::time::timeout(limit, work).await.unwrap_or(Err(StoreError::NoAnswer { step })) }
}

/// Bounds every statement, and gives the session the zone that Aurora's own sessions have.
///
/// Aurora's columns are `timestamp without time zone` and are compared with `now()` in the session's zone. The driver
/// forces UTC at connect; Aurora's sessions use the zone of the role, the database or the server (contract §3, "Time").
async fn prepare_session(connection: &mut PgConnection, zone: Option<&str>) -> Result<(), sqlx::Error> {
    connection
        .execute(
            "SELECT set_config('statement_timeout', '5s', false),
                    set_config('lock_timeout', '3s', false),
                    set_config('idle_in_transaction_session_timeout', '15s', false)",
        )
        .await?;
    sqlx::query(
        "SELECT set_config('TimeZone', zone, false)
         FROM (
             SELECT $1::text AS zone, 0 AS rank
             UNION ALL
             SELECT split_part(entry, '=', 2),
                    CASE WHEN s.setrole <> 0 AND s.setdatabase <> 0 THEN 1 WHEN s.setrole <> 0 THEN 2 ELSE 3 END
             FROM pg_db_role_setting s, unnest(s.setconfig) AS entry
             WHERE lower(split_part(entry, '=', 1)) = 'timezone'
               AND s.setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = current_user))
               AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
         ) zones
         WHERE zone IS NOT NULL
         ORDER BY rank
         LIMIT 1",
    )
    .bind(zone)
    .execute(connection)
    .await?;
    Ok(())
}
