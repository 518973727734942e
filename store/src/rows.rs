//! A row of `mcp_tokens` as the operator sees it.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::time::from_micros;
use crate::{OrgId, TokenId, UserId};

/// The columns of [`Row`], for a table alias `t`.
macro_rules! row_columns {
    () => {
        concat!(
            "t.id, t.user_id, t.org_id, t.name, t.status, ",
            $crate::time::micros!("t.expires_at"),
            " AS expires_at, coalesce(t.expires_at <= now(), false) AS expired, ",
            $crate::time::micros!("t.last_used_at"),
            " AS last_used_at, ",
            $crate::time::micros!("t.created_at"),
            " AS made_at"
        )
    };
}
pub(crate) use row_columns;

/// `mcp_tokens.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowStatus {
    /// The token works until it expires.
    Active,
    /// Revoked, by Aurora or by us. Nothing brings it back.
    Revoked,
    /// Marked as expired. Aurora never does; we do while a token is suspended, and take it back.
    Expired,
}

/// A row of `mcp_tokens`, without its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// `mcp_tokens.id`.
    pub id: TokenId,
    /// Whose it is.
    pub user_id: UserId,
    /// In which organisation.
    pub org_id: Option<OrgId>,
    /// What Aurora's list calls it.
    pub name: Option<String>,
    /// Whether it is in force.
    pub status: RowStatus,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// True if that is in the past by the database's clock.
    pub expired: bool,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

#[derive(FromRow)]
pub(crate) struct Row {
    id: i32,
    user_id: String,
    org_id: Option<String>,
    name: Option<String>,
    status: Option<String>,
    expires_at: Option<i64>,
    expired: bool,
    last_used_at: Option<i64>,
    made_at: Option<i64>,
}

impl From<Row> for TokenRow {
    fn from(row: Row) -> Self {
        Self {
            id: TokenId(row.id),
            user_id: UserId::new(row.user_id),
            org_id: row.org_id.map(OrgId::new),
            name: row.name,
            status: match row.status.as_deref() {
                Some("active") => RowStatus::Active,
                Some("expired") => RowStatus::Expired,
                _ => RowStatus::Revoked,
            },
            expires_at: from_micros(row.expires_at),
            expired: row.expired,
            last_used_at: from_micros(row.last_used_at),
            created_at: from_micros(row.made_at),
        }
    }
}
