//! Everything the database knows about one McpToken, in one reading.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, Row as _};

use crate::pool::answered;
use crate::rows::{Row, row_columns};
use crate::time::{from_micros, micros};
use crate::users::user;
use crate::{Bearer, Managed, Owner, Store, StoreError, TokenDigest, TokenId, TokenRow, User, UserKey};

const STEP: &str = "read the token's rows";

/// What the database knows about one McpToken and the token in its Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// The database's clock.
    pub now: Timestamp,
    /// Rows kept for this McpToken or for one of the same name before it, and the row with the Secret's token whoever
    /// keeps it; by serial.
    pub managed: Vec<Managed>,
    /// A row with the Secret's token that has no record of ours.
    pub stray: Option<Stray>,
}

/// A row of `mcp_tokens` that nothing of ours keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// The row.
    pub row: TokenRow,
    /// True if it holds the token in clear, as Aurora's own lists do.
    pub in_clear: bool,
}

/// A record, beside whose columns stand those of its [`Row`] if there is one.
#[derive(FromRow)]
struct Record {
    token_id: i32,
    digest: String,
    installation: String,
    resource_uid: String,
    namespace: String,
    resource_name: String,
    serial: i64,
    access: Value,
    suspended: bool,
}

/// Each condition by an index of its own. With OR between them, a plan that is made while the table is small reads all of it, and is
/// kept when it has grown.
macro_rules! records {
    ($condition:literal) => {
        concat!(
            "SELECT token_id, digest, installation, resource_uid, namespace, name AS resource_name, serial, access, suspended
             FROM aurora_mcp.managed_token WHERE ",
            $condition
        )
    };
}

impl Store {
    /// Reads the rows of one McpToken, and the row of `token` (the Secret's) if there is one.
    #[tracing::instrument(name = STEP, skip_all, fields(otel.kind = "client", db.system.name = "postgresql"))]
    pub async fn ledger(&self, owner: &Owner, token: Option<&Bearer>) -> Result<Ledger, StoreError> {
        answered(STEP, async {
            let mut transaction = self.begin_as_resolver(STEP).await?;
            let ledger = ledger(&mut transaction, owner, token).await?;
            transaction.commit().await.map_err(StoreError::at(STEP))?;
            Ok(ledger)
        })
        .await
    }

    /// The same, and the user whom the token is for.
    #[tracing::instrument(name = STEP, skip_all, fields(otel.kind = "client", db.system.name = "postgresql"))]
    pub async fn ledger_and_user(
        &self,
        owner: &Owner,
        token: Option<&Bearer>,
        key: UserKey<'_>,
    ) -> Result<(Ledger, Option<User>), StoreError> {
        answered(STEP, async {
            let mut transaction = self.begin_as_resolver(STEP).await?;
            let user = user(&mut transaction, key).await?;
            let ledger = ledger(&mut transaction, owner, token).await?;
            transaction.commit().await.map_err(StoreError::at(STEP))?;
            Ok((ledger, user))
        })
        .await
    }
}

async fn ledger(
    connection: &mut PgConnection,
    owner: &Owner,
    token: Option<&Bearer>,
) -> Result<Ledger, StoreError> {
    let managed = managed(connection, owner, token.map(Bearer::digest)).await?;
    let (now, stray) = clock_and_stray(connection, token).await?;
    Ok(Ledger { now, managed, stray })
}

async fn managed(
    connection: &mut PgConnection,
    owner: &Owner,
    digest: Option<TokenDigest>,
) -> Result<Vec<Managed>, StoreError> {
    let found = sqlx::query(concat!(
        "SELECT m.*, ",
        row_columns!(),
        " FROM (",
        records!("digest = $5"),
        " UNION ",
        records!("resource_uid = $1 AND NOT retained"),
        " UNION ",
        records!("installation = $2 AND namespace = $3 AND name = $4 AND NOT retained"),
        ") m LEFT JOIN mcp_tokens t ON t.id = m.token_id AND t.token = m.digest ORDER BY m.serial, m.token_id"
    ))
    .bind(&owner.uid)
    .bind(&owner.installation)
    .bind(&owner.namespace)
    .bind(&owner.name)
    .bind(digest.map(|digest| digest.to_string()))
    .fetch_all(connection)
    .await
    .map_err(StoreError::at(STEP))?;
    found.iter().map(read).collect()
}

fn read(found: &PgRow) -> Result<Managed, StoreError> {
    let parts = || Ok((Record::from_row(found)?, token_row(found)?));
    let (record, row) = parts().map_err(StoreError::at(STEP))?;
    let token_id = TokenId(record.token_id);
    let unreadable =
        |_| StoreError::Unreadable { step: STEP, found: format!("row {token_id} has no digest") };
    Ok(Managed {
        token_id,
        digest: record.digest.parse().map_err(unreadable)?,
        owner: Owner {
            installation: record.installation,
            uid: record.resource_uid,
            namespace: record.namespace,
            name: record.resource_name,
        },
        serial: record.serial,
        access: serde_json::from_value(record.access).ok(),
        suspended: record.suspended,
        row,
    })
}

/// The columns of [`Row`], unless a join found none.
fn token_row(found: &PgRow) -> Result<Option<TokenRow>, sqlx::Error> {
    let id: Option<i32> = found.try_get("id")?;
    Ok(if id.is_some() { Some(Row::from_row(found)?.into()) } else { None })
}

async fn clock_and_stray(
    connection: &mut PgConnection,
    token: Option<&Bearer>,
) -> Result<(Timestamp, Option<Stray>), StoreError> {
    let found = sqlx::query(concat!(
        "SELECT ",
        micros!("now()"),
        " AS now, stray.* FROM (SELECT) clock LEFT JOIN LATERAL (
             SELECT ",
        row_columns!(),
        ", t.token = $1 AS in_clear
             FROM mcp_tokens t
             WHERE t.token IN ($1, $2)
               AND NOT EXISTS (SELECT FROM aurora_mcp.managed_token m WHERE m.token_id = t.id AND m.digest = t.token)
             ORDER BY in_clear DESC
             LIMIT 1
         ) stray ON true"
    ))
    .bind(token.map(Bearer::expose))
    .bind(token.map(|token| token.digest().to_string()))
    .fetch_one(connection)
    .await
    .map_err(StoreError::at(STEP))?;
    let parts = || {
        let in_clear: Option<bool> = found.try_get("in_clear")?;
        let stray = token_row(&found)?.map(|row| Stray { row, in_clear: in_clear.unwrap_or_default() });
        Ok((found.try_get("now")?, stray))
    };
    let (micros, stray) = parts().map_err(StoreError::at(STEP))?;
    let unreadable = || StoreError::Unreadable { step: STEP, found: "no time".into() };
    Ok((from_micros(micros).ok_or_else(unreadable)?, stray))
}
