//! What Postgres says about itself, for health and for warnings at start.

use sqlx::FromRow;

use crate::pool::answered;
use crate::{Store, StoreError};

/// The state of the server as one query sees it. The caller measures the latency.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each read by itself")]
pub struct PostgresFacts {
    /// The server's version, as `16.4`.
    pub version: String,
    /// True on a standby: tokens resolve, nothing can be written.
    pub in_recovery: bool,
    /// True when transactions are read-only for any reason.
    pub read_only: bool,
    /// The zone that `timestamp without time zone` columns are compared in.
    pub time_zone: String,
    /// False until Aurora's server has started once.
    pub tokens_table: bool,
    /// False until the operator has run its migrations; hashed tokens are refused without it.
    pub managed_table: bool,
    /// False while changes of tokens and users are not announced: then nothing read from them may be remembered long.
    pub announced: bool,
}

impl Store {
    /// Asks Postgres how it is.
    pub async fn probe(&self) -> Result<PostgresFacts, StoreError> {
        let step = "ask Postgres how it is";
        answered(step, async {
            sqlx::query_as(
                "SELECT split_part(current_setting('server_version'), ' ', 1) AS version,
                        pg_is_in_recovery() AS in_recovery,
                        current_setting('transaction_read_only')::bool AS read_only,
                        current_setting('TimeZone') AS time_zone,
                        to_regclass('mcp_tokens') IS NOT NULL AS tokens_table,
                        EXISTS (SELECT FROM pg_tables WHERE schemaname = 'aurora_mcp' AND tablename = 'managed_token')
                            AS managed_table,
                        (SELECT count(*) >= 4 FROM pg_trigger
                         WHERE tgrelid IN (to_regclass('mcp_tokens'), to_regclass('users'))
                           AND tgname IN ('aurora_mcp_announce', 'aurora_mcp_announce_all') AND tgenabled IN ('O', 'A'))
                            AS announced",
            )
            .fetch_one(&self.pool)
            .await
            .map_err(StoreError::at(step))
        })
        .await
    }
}
