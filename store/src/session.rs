//! What Aurora's row-level security on `mcp_tokens` asks of a transaction (contract §3).

use sqlx::{PgConnection, PgTransaction};

use crate::{OrgId, Store, StoreError};

impl Store {
    /// Begins a transaction that may read and update rows of every organisation, as Aurora's own MCP server does. Both
    /// statements travel together: most transactions here are so short that each way to Postgres counts.
    pub(crate) async fn begin_as_resolver(
        &self,
        step: &'static str,
    ) -> Result<PgTransaction<'static>, StoreError> {
        let begin = "BEGIN; SELECT set_config('myapp.mcp_token_resolve', 'true', true)";
        self.pool.begin_with(begin).await.map_err(StoreError::at(step))
    }
}

/// Lets this transaction insert and delete rows of one organisation.
pub(crate) async fn as_organisation(
    connection: &mut PgConnection,
    org: &OrgId,
    step: &'static str,
) -> Result<(), StoreError> {
    sqlx::query("SELECT set_config('myapp.current_org_id', $1, true)")
        .bind(org.as_str())
        .execute(connection)
        .await
        .map_err(StoreError::at(step))?;
    Ok(())
}
