//! Ends a row: revoked, deleted, or left to itself.

use sqlx::PgConnection;

use crate::pool::answered;
use crate::session::as_organisation;
use crate::{Managed, OrgId, Store, StoreError};

impl Store {
    /// Revokes a row. It stays for the audit, and nothing revives it.
    #[tracing::instrument(name = "revoke the token", skip_all, fields(otel.kind = "client", db.system.name = "postgresql"))]
    pub async fn revoke(&self, managed: &Managed) -> Result<(), StoreError> {
        let step = "revoke the token";
        answered(step, async {
            let mut transaction = self.begin_as_resolver(step).await?;
            sqlx::query(
                "UPDATE mcp_tokens SET status = 'revoked' WHERE id = $1 AND token = $2 AND status IS DISTINCT FROM 'revoked'",
            )
            .bind(managed.token_id.0)
            .bind(managed.digest.to_string())
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::at(step))?;
            transaction.commit().await.map_err(StoreError::at(step))
        })
        .await
    }

    /// Deletes a row and its record.
    #[tracing::instrument(name = "delete the token", skip_all, fields(otel.kind = "client", db.system.name = "postgresql"))]
    pub async fn delete(&self, managed: &Managed) -> Result<(), StoreError> {
        let step = "delete the token";
        answered(step, async {
            let mut transaction = self.begin(step).await?;
            if let Some(org) = managed.row.as_ref().and_then(|row| row.org_id.as_ref()) {
                delete_row(&mut transaction, managed, org).await?;
            }
            sqlx::query("DELETE FROM aurora_mcp.managed_token WHERE token_id = $1 AND digest = $2")
                .bind(managed.token_id.0)
                .bind(managed.digest.to_string())
                .execute(&mut *transaction)
                .await
                .map_err(StoreError::at(step))?;
            transaction.commit().await.map_err(StoreError::at(step))
        })
        .await
    }

    /// Leaves a row in force although its McpToken goes: nothing of ours touches it from now on.
    #[tracing::instrument(name = "leave the token in force", skip_all, fields(otel.kind = "client", db.system.name = "postgresql"))]
    pub async fn retain(&self, managed: &Managed) -> Result<(), StoreError> {
        let step = "leave the token in force";
        answered(step, async {
            sqlx::query(
                "UPDATE aurora_mcp.managed_token SET retained = true WHERE token_id = $1 AND digest = $2",
            )
            .bind(managed.token_id.0)
            .bind(managed.digest.to_string())
            .execute(&self.pool)
            .await
            .map_err(StoreError::at(step))?;
            Ok(())
        })
        .await
    }
}

/// Aurora's policies let a row be deleted only in the name of its organisation, and hide it from the statement
/// otherwise: no row deleted would look like success.
async fn delete_row(connection: &mut PgConnection, managed: &Managed, org: &OrgId) -> Result<(), StoreError> {
    let step = "delete the token's row";
    as_organisation(connection, org, step).await?;
    sqlx::query("DELETE FROM mcp_tokens WHERE id = $1 AND token = $2")
        .bind(managed.token_id.0)
        .bind(managed.digest.to_string())
        .execute(connection)
        .await
        .map_err(StoreError::at(step))?;
    Ok(())
}
