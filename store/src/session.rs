//! What Aurora's row-level security on `mcp_tokens` asks of a transaction (contract §3).

use sqlx::PgConnection;

use crate::{OrgId, StoreError};

/// Lets this transaction read and update rows of every organisation, as Aurora's own MCP server does.
pub(crate) async fn as_resolver(connection: &mut PgConnection, step: &'static str) -> Result<(), StoreError> {
    sqlx::query("SELECT set_config('myapp.mcp_token_resolve', 'true', true)")
        .execute(connection)
        .await
        .map_err(StoreError::at(step))?;
    Ok(())
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
