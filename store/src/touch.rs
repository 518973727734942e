//! `mcp_tokens.last_used_at`, written in batches.

use jiff::Timestamp;

use crate::pool::answered;
use crate::time::instant;
use crate::{Store, StoreError, TokenId};

const STEP: &str = "note when tokens were used";

impl Store {
    /// Notes when tokens were last used; an older time never replaces a newer one.
    pub async fn touch_last_used(&self, uses: &[(TokenId, Timestamp)]) -> Result<(), StoreError> {
        answered(STEP, async {
            if uses.is_empty() {
                return Ok(());
            }
            let ids: Vec<i32> = uses.iter().map(|(id, _)| id.0).collect();
            let times: Vec<i64> = uses.iter().map(|(_, at)| at.as_microsecond()).collect();
            let mut transaction = self.begin_as_resolver(STEP).await?;
            sqlx::query(concat!(
                "UPDATE mcp_tokens t
             SET last_used_at = used.at
             FROM (SELECT id, max(",
                instant!("micros"),
                ") AS at FROM unnest($1::int[], $2::bigint[]) AS u (id, micros) GROUP BY id) used
             WHERE t.id = used.id AND (t.last_used_at IS NULL OR t.last_used_at < used.at)"
            ))
            .bind(ids)
            .bind(times)
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::at(STEP))?;
            transaction.commit().await.map_err(StoreError::at(STEP))
        })
        .await
    }
}
