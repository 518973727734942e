//! Changes a row that stays: its name, end, limits and suspension.

use jiff::Timestamp;

use crate::pool::answered;
use crate::time::instant;
use crate::{Access, Managed, Store, StoreError};

const STEP: &str = "change the token's row";

/// How a row is to be. What is as it should be already is left alone by the database, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amendment {
    /// What Aurora's list is to call it.
    pub display_name: String,
    /// When it is to end by itself.
    pub expires_at: Option<Timestamp>,
    /// Its limits.
    pub access: Access,
    /// Whether it is stopped.
    pub suspended: bool,
}

impl Store {
    /// Brings a row into the given form. A revoked row stays revoked; only a suspension of ours is taken back.
    #[tracing::instrument(name = STEP, skip_all, fields(otel.kind = "client", db.system.name = "postgresql"))]
    pub async fn amend(&self, managed: &Managed, to: &Amendment) -> Result<(), StoreError> {
        answered(STEP, async {
            let access = serde_json::to_value(&to.access)
                .map_err(|error| StoreError::Unreadable { step: STEP, found: error.to_string() })?;
            let mut transaction = self.begin_as_resolver(STEP).await?;
            let limits = sqlx::query(
                "UPDATE aurora_mcp.managed_token SET access = $3, suspended = $4
             WHERE token_id = $1 AND digest = $2 AND (access, suspended) IS DISTINCT FROM ($3, $4)",
            );
            limits
                .bind(managed.token_id.0)
                .bind(managed.digest.to_string())
                .bind(access)
                .bind(to.suspended)
                .execute(&mut *transaction)
                .await
                .map_err(StoreError::at("change the token's limits"))?;
            let row = sqlx::query(concat!(
                "UPDATE mcp_tokens SET name = $3, expires_at = ",
                instant!("$4"),
                ", status = CASE WHEN status = 'active' AND $5 THEN 'expired'
                             WHEN status = 'expired' AND NOT $5 AND $6 THEN 'active'
                             ELSE status END
             WHERE id = $1 AND token = $2"
            ));
            row.bind(managed.token_id.0)
                .bind(managed.digest.to_string())
                .bind(&to.display_name)
                .bind(to.expires_at.map(Timestamp::as_microsecond))
                .bind(to.suspended)
                .bind(managed.suspended)
                .execute(&mut *transaction)
                .await
                .map_err(StoreError::at(STEP))?;
            transaction.commit().await.map_err(StoreError::at(STEP))
        })
        .await
    }
}
