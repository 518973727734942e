//! From a bearer token to its user: the gateway's question, asked of Postgres directly.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::{FromRow, PgConnection};

use crate::pool::answered;
use crate::time::{from_micros, micros};
use crate::users::email_of;
use crate::{Access, Bearer, Category, OrgId, Store, StoreError, TokenDigest, TokenId, UserId};

const STEP: &str = "resolve the token";

/// What a bearer token turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// A token that works, and whose.
    Valid(Principal),
    /// It worked until then (unknown: it was marked as expired).
    Expired {
        /// When it ended, if the row says so.
        at: Option<Timestamp>,
    },
    /// Revoked in Aurora or by the operator.
    Revoked,
    /// Stopped by `spec.suspended`; it may work again.
    Suspended,
    /// No row has this token.
    Unknown,
    /// The user is gone or no longer in the token's organisation.
    OwnerGone,
    /// A row of ours whose limits can't be read (no schema, no grant, no row, not understood): closed, not open.
    LimitsUnreadable,
}

/// Who a valid token stands for, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// `mcp_tokens.id`.
    pub token_id: TokenId,
    /// The key of this token in change notifications and caches.
    pub digest: TokenDigest,
    /// The user that requests are made for.
    pub user_id: UserId,
    /// The user's organisation; checked against `users`.
    pub org_id: OrgId,
    /// What the token is called.
    pub name: Option<String>,
    /// When it stops working by itself.
    pub expires_at: Option<Timestamp>,
    /// Its limits; none for a token in clear.
    pub access: Access,
    /// The address that the user signs in with; see [`Store::resolve_with_email`].
    pub email: Option<String>,
}

#[derive(FromRow)]
struct Found {
    id: i32,
    hashed: bool,
    user_id: String,
    org_id: Option<String>,
    name: Option<String>,
    status: Option<String>,
    expires_at: Option<i64>,
    expired: bool,
    owner_present: bool,
}

#[derive(FromRow)]
struct Limits {
    access: Value,
    suspended: bool,
}

impl Store {
    /// Finds out what a bearer token is.
    ///
    /// A row that holds the digest counts before a row that holds the text, so that a limited token can't become an
    /// unlimited one by a second row. Fails only when Postgres does not answer; every doubt about the token is a
    /// [`Resolution`] that refuses it.
    pub async fn resolve(&self, bearer: &Bearer) -> Result<Resolution, StoreError> {
        self.resolve_token(bearer, false).await
    }

    /// The same, with the user's address; none if the role lacks the grant for it.
    pub async fn resolve_with_email(&self, bearer: &Bearer) -> Result<Resolution, StoreError> {
        self.resolve_token(bearer, true).await
    }

    async fn resolve_token(&self, bearer: &Bearer, with_email: bool) -> Result<Resolution, StoreError> {
        answered(STEP, async {
            let digest = bearer.digest();
            let mut transaction = self.begin_as_resolver(STEP).await?;
            let Some(found) = find(&mut transaction, bearer, &digest).await? else {
                return Ok(Resolution::Unknown);
            };
            let limits =
                if found.hashed { read_limits(&mut transaction, &digest, found.id).await? } else { None };
            let mut resolution = judge(found, digest, limits);
            if let (true, Resolution::Valid(principal)) = (with_email, &mut resolution) {
                principal.email = email_of(&mut transaction, &principal.user_id).await?;
            }
            transaction.commit().await.map_err(StoreError::at(STEP))?;
            Ok(resolution)
        })
        .await
    }
}

async fn find(
    connection: &mut PgConnection,
    bearer: &Bearer,
    digest: &TokenDigest,
) -> Result<Option<Found>, StoreError> {
    sqlx::query_as(concat!(
        "SELECT t.id, t.token = $2 AS hashed, t.user_id, t.org_id, t.name, t.status, ",
        micros!("t.expires_at"),
        " AS expires_at,
                coalesce(t.expires_at <= now(), false) AS expired,
                EXISTS (SELECT FROM users u WHERE u.id = t.user_id AND u.org_id = t.org_id) AS owner_present
         FROM mcp_tokens t
         WHERE t.token IN ($1, $2)
         ORDER BY hashed DESC
         LIMIT 1"
    ))
    .bind(bearer.expose())
    .bind(digest.to_string())
    .fetch_optional(connection)
    .await
    .map_err(StoreError::at(STEP))
}

/// Reads the limits of one of our rows. A missing schema or grant is an answer (none), not a failure.
async fn read_limits(
    connection: &mut PgConnection,
    digest: &TokenDigest,
    id: i32,
) -> Result<Option<Limits>, StoreError> {
    let read = sqlx::query_as(
        "SELECT access, suspended FROM aurora_mcp.managed_token WHERE token_id = $1 AND digest = $2",
    )
    .bind(id)
    .bind(digest.to_string())
    .fetch_optional(connection)
    .await
    .map_err(StoreError::at("read the token's limits"));
    match read {
        Err(error) if matches!(error.category(), Category::Schema | Category::Forbidden) => {
            tracing::warn!(%error, token_id = id, "the limits of tokens can't be read: refusing hashed tokens");
            Ok(None)
        }
        read => read,
    }
}

fn judge(found: Found, digest: TokenDigest, limits: Option<Limits>) -> Resolution {
    let expires_at = from_micros(found.expires_at);
    let suspended = limits.as_ref().is_some_and(|limits| limits.suspended);
    match found.status.as_deref() {
        Some("active") => {}
        Some("expired") if suspended => return Resolution::Suspended,
        Some("expired") => return Resolution::Expired { at: expires_at },
        _ => return Resolution::Revoked,
    }
    if found.expired {
        return Resolution::Expired { at: expires_at };
    }
    let access = match limits {
        None if found.hashed => return Resolution::LimitsUnreadable,
        None => Access::default(),
        Some(limits) => match serde_json::from_value(limits.access) {
            Ok(access) => access,
            Err(_) => return Resolution::LimitsUnreadable,
        },
    };
    if suspended {
        return Resolution::Suspended;
    }
    let Some(org_id) = found.org_id.filter(|_| found.owner_present) else { return Resolution::OwnerGone };
    Resolution::Valid(Principal {
        token_id: TokenId(found.id),
        digest,
        user_id: UserId::new(found.user_id),
        org_id: OrgId::new(org_id),
        name: found.name,
        expires_at,
        access,
        email: None,
    })
}
