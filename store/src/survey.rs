//! Fingerprints of what the operator keeps, for finding changes that nobody announces.

use std::collections::HashMap;

use crate::pool::answered;
use crate::{Store, StoreError};

const STEP: &str = "look for changes";

/// The state of an installation's rows and of all users, each as one number. It differs when anything differs that tokens depend on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// By namespace and name of the McpToken.
    pub tokens: HashMap<(String, String), i64>,
    /// Of all users.
    pub users: i64,
}

impl Store {
    /// Takes a survey. It reads every row that is kept, and sends back a number for each McpToken.
    pub async fn survey(&self, installation: &str) -> Result<Survey, StoreError> {
        answered(STEP, async {
            let mut transaction = self.begin_as_resolver(STEP).await?;
            let tokens: Vec<(String, String, i64)> = sqlx::query_as(
                "SELECT m.namespace, m.name, hashtextextended(string_agg(
                     ROW(m.token_id, m.serial, m.access, m.suspended, t.id, t.status, t.user_id, t.org_id, t.name, t.expires_at)::text,
                     '' ORDER BY m.token_id), 0)
                 FROM aurora_mcp.managed_token m LEFT JOIN mcp_tokens t ON t.id = m.token_id AND t.token = m.digest
                 WHERE m.installation = $1 AND NOT m.retained
                 GROUP BY m.namespace, m.name",
            )
            .bind(installation)
            .fetch_all(&mut *transaction)
            .await
            .map_err(StoreError::at(STEP))?;
            let users: Option<i64> = sqlx::query_scalar(
                "SELECT hashtextextended(string_agg(ROW(id, email, org_id)::text, '' ORDER BY id), 0) FROM users",
            )
            .fetch_one(&mut *transaction)
            .await
            .map_err(StoreError::at(STEP))?;
            transaction.commit().await.map_err(StoreError::at(STEP))?;
            let tokens = tokens.into_iter().map(|(namespace, name, state)| ((namespace, name), state)).collect();
            Ok(Survey { tokens, users: users.unwrap_or_default() })
        })
        .await
    }
}
