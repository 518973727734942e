//! Aurora's users: who a token stands for.

use sqlx::{FromRow, PgConnection};

use crate::pool::answered;
use crate::{Category, OrgId, Store, StoreError, UserId};

const STEP: &str = "look the user up";

/// One of Aurora's users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// `users.id`.
    pub id: UserId,
    /// The address they sign in with.
    pub email: String,
    /// Their organisation; a user without one can't have tokens.
    pub org_id: Option<OrgId>,
}

/// What a user is looked up by.
#[derive(Debug, Clone, Copy)]
pub enum UserKey<'a> {
    /// `users.id`.
    Id(&'a str),
    /// The address. Case counts only if two users differ by nothing else.
    Email(&'a str),
}

/// What a person knows themselves by.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Profile {
    /// The address they sign in with.
    pub email: String,
    /// viewer, editor or admin.
    pub role: Option<String>,
}

#[derive(FromRow)]
struct Found {
    id: String,
    email: String,
    org_id: Option<String>,
}

impl From<Found> for User {
    fn from(found: Found) -> Self {
        Self { id: UserId::new(found.id), email: found.email, org_id: found.org_id.map(OrgId::new) }
    }
}

impl Store {
    /// A user's address and role. The gateway may lack the grant for it, and works without.
    #[tracing::instrument(name = STEP, skip_all, fields(otel.kind = "client", db.system.name = "postgresql"))]
    pub async fn profile(&self, id: &UserId) -> Result<Option<Profile>, StoreError> {
        answered(STEP, async {
            sqlx::query_as("SELECT email, role FROM users WHERE id = $1")
                .bind(id.as_str())
                .fetch_optional(&self.pool)
                .await
                .map_err(StoreError::at(STEP))
        })
        .await
    }
}

/// One of Aurora's users.
pub(crate) async fn user(
    connection: &mut PgConnection,
    key: UserKey<'_>,
) -> Result<Option<User>, StoreError> {
    let found: Vec<Found> = match key {
        UserKey::Id(id) => sqlx::query_as("SELECT id, email, org_id FROM users WHERE id = $1").bind(id),
        UserKey::Email(email) => sqlx::query_as(
            "SELECT id, email, org_id FROM users WHERE lower(email) = lower($1) ORDER BY email = $1 DESC LIMIT 2",
        )
        .bind(email),
    }
    .fetch_all(connection)
    .await
    .map_err(StoreError::at(STEP))?;
    let alone = found.len() == 1;
    let exact = |found: &Found| matches!(key, UserKey::Email(email) if found.email == email);
    Ok(found.into_iter().next().filter(|found| alone || exact(found)).map(User::from))
}

/// A user's address. A missing grant is an answer (none), not a failure; no statement may follow it in its transaction.
pub(crate) async fn email_of(
    connection: &mut PgConnection,
    id: &UserId,
) -> Result<Option<String>, StoreError> {
    let read = sqlx::query_scalar("SELECT email FROM users WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(connection)
        .await
        .map_err(StoreError::at("read the address of the token's user"));
    match read {
        Err(error) if error.category() == Category::Forbidden => {
            tracing::warn!(%error, "addresses of users can't be read: store/roles.sql grants them");
            Ok(None)
        }
        read => read,
    }
}
