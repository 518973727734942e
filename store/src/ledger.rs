//! Everything the database knows about one McpToken, in one reading.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::{FromRow, PgConnection};

use crate::rows::{Row, row_columns};
use crate::session::as_resolver;
use crate::time::{from_micros, micros};
use crate::{Bearer, Managed, Owner, Store, StoreError, TokenDigest, TokenId, TokenRow};

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

#[derive(FromRow)]
struct Record {
    token_id: i32,
    digest: String,
    installation: String,
    resource_uid: String,
    namespace: String,
    name: String,
    serial: i64,
    access: Value,
    suspended: bool,
}

#[derive(FromRow)]
struct StrayRow {
    #[sqlx(flatten)]
    row: Row,
    in_clear: bool,
}

impl Store {
    /// Reads the rows of one McpToken, and the row of `token` (the Secret's) if there is one.
    #[tracing::instrument(name = STEP, skip_all, fields(otel.kind = "client", db.system.name = "postgresql"))]
    pub async fn ledger(&self, owner: &Owner, token: Option<&Bearer>) -> Result<Ledger, StoreError> {
        let mut transaction = self.begin(STEP).await?;
        as_resolver(&mut transaction, STEP).await?;
        let records = records(&mut transaction, owner, token.map(Bearer::digest)).await?;
        let rows = rows(&mut transaction, &records).await?;
        let stray = match token {
            Some(token) => stray(&mut transaction, token).await?,
            None => None,
        };
        let now = clock(&mut transaction).await?;
        transaction.commit().await.map_err(StoreError::at(STEP))?;
        let managed = records.into_iter().map(|record| join(record, &rows)).collect::<Result<_, _>>()?;
        Ok(Ledger { now, managed, stray })
    }
}

async fn records(
    connection: &mut PgConnection,
    owner: &Owner,
    digest: Option<TokenDigest>,
) -> Result<Vec<Record>, StoreError> {
    sqlx::query_as(
        "SELECT token_id, digest, installation, resource_uid, namespace, name, serial, access, suspended
         FROM aurora_mcp.managed_token
         WHERE digest = $5
            OR NOT retained AND (resource_uid = $1 OR (installation = $2 AND namespace = $3 AND name = $4))
         ORDER BY serial, token_id",
    )
    .bind(&owner.uid)
    .bind(&owner.installation)
    .bind(&owner.namespace)
    .bind(&owner.name)
    .bind(digest.map(|digest| digest.to_string()))
    .fetch_all(connection)
    .await
    .map_err(StoreError::at(STEP))
}

async fn rows(connection: &mut PgConnection, records: &[Record]) -> Result<Vec<TokenRow>, StoreError> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i32> = records.iter().map(|record| record.token_id).collect();
    let found: Vec<Row> = sqlx::query_as(concat!(
        "SELECT ",
        row_columns!(),
        " FROM mcp_tokens t JOIN aurora_mcp.managed_token m ON m.token_id = t.id AND m.digest = t.token
          WHERE t.id = ANY($1)"
    ))
    .bind(ids)
    .fetch_all(connection)
    .await
    .map_err(StoreError::at(STEP))?;
    Ok(found.into_iter().map(TokenRow::from).collect())
}

async fn stray(connection: &mut PgConnection, token: &Bearer) -> Result<Option<Stray>, StoreError> {
    let found: Option<StrayRow> = sqlx::query_as(concat!(
        "SELECT ",
        row_columns!(),
        ", t.token = $1 AS in_clear
          FROM mcp_tokens t
          WHERE t.token IN ($1, $2)
            AND NOT EXISTS (SELECT FROM aurora_mcp.managed_token m WHERE m.token_id = t.id AND m.digest = t.token)
          ORDER BY in_clear DESC
          LIMIT 1"
    ))
    .bind(token.expose())
    .bind(token.digest().to_string())
    .fetch_optional(connection)
    .await
    .map_err(StoreError::at(STEP))?;
    Ok(found.map(|found| Stray { row: found.row.into(), in_clear: found.in_clear }))
}

async fn clock(connection: &mut PgConnection) -> Result<Timestamp, StoreError> {
    let micros: Option<i64> = sqlx::query_scalar(concat!("SELECT ", micros!("now()")))
        .fetch_one(connection)
        .await
        .map_err(StoreError::at(STEP))?;
    from_micros(micros).ok_or_else(|| StoreError::Unreadable { step: STEP, found: "no time".into() })
}

fn join(record: Record, rows: &[TokenRow]) -> Result<Managed, StoreError> {
    let token_id = TokenId(record.token_id);
    let unreadable = || StoreError::Unreadable { step: STEP, found: format!("row {token_id} has no digest") };
    Ok(Managed {
        token_id,
        digest: record.digest.parse().map_err(|_| unreadable())?,
        owner: Owner {
            installation: record.installation,
            uid: record.resource_uid,
            namespace: record.namespace,
            name: record.name,
        },
        serial: record.serial,
        access: serde_json::from_value(record.access).ok(),
        suspended: record.suspended,
        row: rows.iter().find(|row| row.id == token_id).cloned(),
    })
}
