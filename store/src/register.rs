//! Makes the row of a token: in Aurora's table, and in ours.

use sqlx::PgConnection;

use crate::pool::answered;
use crate::session::as_organisation;
use crate::time::instant;
use crate::{NewManaged, Store, StoreError, TokenId};

const STEP: &str = "make the token's row";

impl Store {
    /// Makes the row of a token that stands in a Secret. Repeating it changes nothing.
    ///
    /// Fails with [`StoreError::Taken`] if a row with this token belongs to another user, or is kept for another
    /// McpToken, or the serial is already given to another token.
    #[tracing::instrument(name = STEP, skip_all, fields(otel.kind = "client", db.system.name = "postgresql"))]
    pub async fn register(&self, new: &NewManaged) -> Result<TokenId, StoreError> {
        answered(STEP, async {
            let mut transaction = self.begin_as_resolver(STEP).await?;
            as_organisation(&mut transaction, &new.org_id, STEP).await?;
            if let Some(id) = new.adopt {
                take_over(&mut transaction, new, id).await?;
            }
            let id = match insert(&mut transaction, new).await? {
                Some(made) => made,
                None => own_row(&mut transaction, new).await?,
            };
            forget_stale(&mut transaction, new, id).await?;
            record(&mut transaction, new, id).await?;
            transaction.commit().await.map_err(StoreError::at(STEP))?;
            Ok(id)
        })
        .await
    }
}

/// Replaces the text of a row in clear by its digest. The row keeps its number, its age and its place in Aurora's list.
async fn take_over(connection: &mut PgConnection, new: &NewManaged, id: TokenId) -> Result<(), StoreError> {
    sqlx::query("UPDATE mcp_tokens SET token = $2 WHERE id = $1 AND user_id = $3 AND org_id = $4")
        .bind(id.0)
        .bind(new.digest.to_string())
        .bind(new.user_id.as_str())
        .bind(new.org_id.as_str())
        .execute(connection)
        .await
        .map_err(StoreError::at("take the existing row over"))?;
    Ok(())
}

/// None: there is a row with the digest.
async fn insert(connection: &mut PgConnection, new: &NewManaged) -> Result<Option<TokenId>, StoreError> {
    let made: Option<i32> = sqlx::query_scalar(concat!(
        "INSERT INTO mcp_tokens (token, user_id, org_id, name, expires_at, status) VALUES ($1, $2, $3, $4, ",
        instant!("$5"),
        ", CASE WHEN $6 THEN 'expired' ELSE 'active' END) ON CONFLICT (token) DO NOTHING RETURNING id"
    ))
    .bind(new.digest.to_string())
    .bind(new.user_id.as_str())
    .bind(new.org_id.as_str())
    .bind(&new.display_name)
    .bind(new.expires_at.map(jiff::Timestamp::as_microsecond))
    .bind(new.suspended)
    .fetch_optional(connection)
    .await
    .map_err(StoreError::at(STEP))?;
    Ok(made.map(TokenId))
}

/// The row that has the digest already. A row of somebody else is never used.
async fn own_row(connection: &mut PgConnection, new: &NewManaged) -> Result<TokenId, StoreError> {
    let found: Option<(i32, String, Option<String>)> =
        sqlx::query_as("SELECT id, user_id, org_id FROM mcp_tokens WHERE token = $1")
            .bind(new.digest.to_string())
            .fetch_optional(connection)
            .await
            .map_err(StoreError::at(STEP))?;
    match found {
        Some((id, user, org))
            if user == new.user_id.as_str() && org.as_deref() == Some(new.org_id.as_str()) =>
        {
            Ok(TokenId(id))
        }
        Some((id, ..)) => Err(StoreError::Taken {
            step: STEP,
            found: format!("row {id} has this token and belongs to another user"),
        }),
        None => Err(StoreError::Taken { step: STEP, found: "the row vanished while it was made".into() }),
    }
}

/// Forgets records that a rebuilt `mcp_tokens` left behind: another token had this row number, or this token another.
async fn forget_stale(
    connection: &mut PgConnection,
    new: &NewManaged,
    id: TokenId,
) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM aurora_mcp.managed_token m
         WHERE (m.token_id = $1 AND m.digest <> $2) OR (m.token_id <> $1 AND m.digest = $2)",
    )
    .bind(id.0)
    .bind(new.digest.to_string())
    .execute(connection)
    .await
    .map_err(StoreError::at(STEP))?;
    Ok(())
}

/// Records who keeps the row. A record of the same McpToken is taken over, made anew (another UID) or moved from another installation; no other is.
/// A row that was stopped stays so for now: only who knows that it was may let it work again.
async fn record(connection: &mut PgConnection, new: &NewManaged, id: TokenId) -> Result<(), StoreError> {
    let done = sqlx::query(
        "INSERT INTO aurora_mcp.managed_token AS m
             (token_id, digest, installation, resource_uid, namespace, name, serial, user_id, org_id, access, suspended)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (digest) DO UPDATE SET installation = $3, resource_uid = $4, namespace = $5, name = $6, serial = $7,
             access = $10, suspended = m.suspended OR $11, retained = false
         WHERE m.resource_uid = $4 OR (m.installation = $3 AND m.namespace = $5 AND m.name = $6)",
    )
    .bind(id.0)
    .bind(new.digest.to_string())
    .bind(&new.owner.installation)
    .bind(&new.owner.uid)
    .bind(&new.owner.namespace)
    .bind(&new.owner.name)
    .bind(new.serial)
    .bind(new.user_id.as_str())
    .bind(new.org_id.as_str())
    .bind(access_json(new)?)
    .bind(new.suspended)
    .execute(connection)
    .await
    .map_err(StoreError::at("record the token's row"))?;
    if done.rows_affected() == 0 {
        let found = format!("row {id} is kept for another McpToken");
        return Err(StoreError::Taken { step: STEP, found });
    }
    Ok(())
}

fn access_json(new: &NewManaged) -> Result<serde_json::Value, StoreError> {
    serde_json::to_value(&new.access).map_err(|error| StoreError::Unreadable {
        step: "write the token's limits",
        found: error.to_string(),
    })
}
