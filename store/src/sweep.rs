//! Rows whose McpToken may be gone, and which McpToken a digest belongs to.

use sqlx::FromRow;

use crate::pool::answered;
use crate::{Owner, Store, StoreError, TokenDigest};

#[derive(FromRow)]
struct Kept {
    installation: String,
    resource_uid: String,
    namespace: String,
    name: String,
}

impl From<Kept> for Owner {
    fn from(kept: Kept) -> Self {
        Self {
            installation: kept.installation,
            uid: kept.resource_uid,
            namespace: kept.namespace,
            name: kept.name,
        }
    }
}

impl Store {
    /// The McpTokens of an installation that keep a row which may still be in force.
    pub async fn owners(&self, installation: &str) -> Result<Vec<Owner>, StoreError> {
        let step = "list the kept tokens";
        answered(step, async {
            let mut transaction = self.begin_as_resolver(step).await?;
            let kept: Vec<Kept> = sqlx::query_as(
                "SELECT DISTINCT m.installation, m.resource_uid, m.namespace, m.name
             FROM aurora_mcp.managed_token m JOIN mcp_tokens t ON t.id = m.token_id AND t.token = m.digest
             WHERE m.installation = $1 AND NOT m.retained AND t.status IS DISTINCT FROM 'revoked'",
            )
            .bind(installation)
            .fetch_all(&mut *transaction)
            .await
            .map_err(StoreError::at(step))?;
            transaction.commit().await.map_err(StoreError::at(step))?;
            Ok(kept.into_iter().map(Owner::from).collect())
        })
        .await
    }

    /// The McpToken that keeps the row with this digest.
    pub async fn owner_of(&self, digest: &TokenDigest) -> Result<Option<Owner>, StoreError> {
        let step = "find whose token changed";
        answered(step, async {
            let kept: Option<Kept> = sqlx::query_as(
                "SELECT installation, resource_uid, namespace, name FROM aurora_mcp.managed_token WHERE digest = $1",
            )
            .bind(digest.to_string())
            .fetch_optional(&self.pool)
            .await
            .map_err(StoreError::at(step))?;
            Ok(kept.map(Owner::from))
        })
        .await
    }
}
