//! Aurora's database, lost and restored.

use anyhow::Result;

use crate::{Aurora, eventually};

/// Row numbers are given out again after a restore, as the sequence is restored, too.
const RESTORE: &str = "
    TRUNCATE aurora_mcp.managed_token, mcp_tokens;
    DO $$
    DECLARE org text;
    BEGIN
        FOR org IN SELECT DISTINCT org_id FROM backup.tokens LOOP
            PERFORM set_config('myapp.current_org_id', org, true);
            INSERT INTO mcp_tokens SELECT * FROM backup.tokens WHERE org_id = org;
        END LOOP;
    END $$;
    INSERT INTO aurora_mcp.managed_token SELECT * FROM backup.records;
    SELECT setval('mcp_tokens_id_seq', coalesce(max(id), 0) + 1, false) FROM mcp_tokens;";

impl Aurora {
    /// Keeps a copy of all rows and records.
    pub async fn back_up(&self) -> Result<()> {
        self.execute(
            "DROP SCHEMA IF EXISTS backup CASCADE;
             CREATE SCHEMA backup;
             CREATE TABLE backup.tokens AS TABLE mcp_tokens;
             CREATE TABLE backup.records AS TABLE aurora_mcp.managed_token;",
        )
        .await
        .map(drop)
    }

    /// Puts the copy in the place of what is there.
    pub async fn restore(&self) -> Result<()> {
        self.store.migrate().await?;
        // A pass that reads at this moment may stand in the way.
        eventually("the backup to be restored", 20, async || self.execute(RESTORE).await).await.map(drop)
    }

    /// Aurora makes its tables anew: all rows are lost, and so is the operator's schema with the triggers.
    pub async fn lose(&self) -> Result<()> {
        let lose = "DROP SCHEMA IF EXISTS aurora_mcp CASCADE; TRUNCATE mcp_tokens RESTART IDENTITY";
        eventually("all rows to be lost", 20, async || self.execute(lose).await).await.map(drop)
    }

    /// Has every program look at everything, as after a reconnect.
    pub async fn announce_everything(&self) -> Result<()> {
        self.execute("SELECT pg_notify('aurora_mcp_changes', 'everything')").await.map(drop)
    }
}
