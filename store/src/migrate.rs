//! The schema `aurora_mcp`: made and brought forward by the operator, under a lock, while old replicas run.

use std::time::Duration;

use sqlx::{Executor, PgConnection};

use crate::pool::answered_within;
use crate::{Category, Store, StoreError};

const STEP: &str = "bring the schema aurora_mcp forward";
/// All migrations together, each of whose statements has a limit of its own.
const LIMIT: Duration = Duration::from_secs(60);
/// Any number that nobody else locks; Aurora uses 42 and 1234567890.
const LOCK: i64 = 0x6d63_7074_6f6b_656e;

const MIGRATIONS: &[(i32, &str)] = &[
    (1, include_str!("../migrations/0001_managed_token.sql")),
    (2, include_str!("../migrations/0002_announce.sql")),
];
const TRIGGERS: &str = include_str!("../migrations/triggers.sql");
const READERS: &str = include_str!("../migrations/readers.sql");

/// What a run of the migrations found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// The migrations that were applied now.
    pub applied: Vec<i32>,
    /// Whether changes to Aurora's tables are announced.
    pub triggers: TriggerState,
}

/// Whether changes to Aurora's tables are announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TriggerState {
    /// The triggers are there.
    Present,
    /// They can't be made: changes are seen by polling.
    Missing {
        /// Why.
        reason: String,
    },
}

impl Store {
    /// Brings the schema forward and makes sure that the triggers exist. Safe to repeat, and from several replicas.
    pub async fn migrate(&self) -> Result<Migration, StoreError> {
        answered_within(LIMIT, STEP, self.migrate_and_trigger()).await
    }

    async fn migrate_and_trigger(&self) -> Result<Migration, StoreError> {
        let applied = self.apply_migrations().await?;
        let triggers = match self.ensure_triggers().await {
            Ok(()) => TriggerState::Present,
            Err(error) if matches!(error.category(), Category::Forbidden | Category::Schema) => {
                TriggerState::Missing { reason: error.to_string() }
            }
            Err(error) => return Err(error),
        };
        Ok(Migration { applied, triggers })
    }

    async fn apply_migrations(&self) -> Result<Vec<i32>, StoreError> {
        let step = StoreError::at(STEP);
        let mut transaction = self.begin(STEP).await?;
        lock(&mut transaction).await.map_err(&step)?;
        make_schema(&mut transaction).await.map_err(&step)?;
        let done: Vec<i32> = sqlx::query_scalar("SELECT version FROM aurora_mcp.migration")
            .fetch_all(&mut *transaction)
            .await
            .map_err(&step)?;
        let mut applied = Vec::new();
        for (version, sql) in MIGRATIONS.iter().filter(|(version, _)| !done.contains(version)) {
            transaction.execute(sqlx::raw_sql(*sql)).await.map_err(&step)?;
            sqlx::query("INSERT INTO aurora_mcp.migration (version) VALUES ($1)")
                .bind(version)
                .execute(&mut *transaction)
                .await
                .map_err(&step)?;
            applied.push(*version);
        }
        transaction.execute(sqlx::raw_sql(READERS)).await.map_err(&step)?;
        transaction.commit().await.map_err(&step)?;
        Ok(applied)
    }

    async fn ensure_triggers(&self) -> Result<(), StoreError> {
        let step = StoreError::at("announce changes of Aurora's tables");
        let mut transaction = self.begin("announce changes of Aurora's tables").await?;
        lock(&mut transaction).await.map_err(&step)?;
        let present: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_trigger
             WHERE tgrelid IN (to_regclass('mcp_tokens'), to_regclass('users'))
               AND tgname IN ('aurora_mcp_announce', 'aurora_mcp_announce_all') AND tgenabled IN ('O', 'A')
               -- One made by an earlier version doesn't look at addresses.
               AND (tgname = 'aurora_mcp_announce_all' OR tgrelid = to_regclass('mcp_tokens')
                    OR EXISTS (SELECT FROM pg_attribute a
                               WHERE a.attrelid = tgrelid AND a.attname = 'email' AND a.attnum = ANY (tgattr)))",
        )
        .fetch_one(&mut *transaction)
        .await
        .map_err(&step)?;
        if present < 4 {
            transaction.execute(sqlx::raw_sql(TRIGGERS)).await.map_err(&step)?;
        }
        transaction.commit().await.map_err(&step)
    }
}

async fn lock(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(connection).await?;
    Ok(())
}

/// Makes the schema if it is missing. Asked first, because `IF NOT EXISTS` needs the right to create even if it exists.
async fn make_schema(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let exists: bool = sqlx::query_scalar("SELECT to_regclass('aurora_mcp.migration') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await?;
    if !exists {
        let sql = "DO $$ BEGIN
                       IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'aurora_mcp') THEN
                           CREATE SCHEMA aurora_mcp;
                       END IF;
                   END $$;
                   CREATE TABLE aurora_mcp.migration (
                       version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());";
        connection.execute(sqlx::raw_sql(sql)).await?;
    }
    Ok(())
}
