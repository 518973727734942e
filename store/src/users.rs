//! Aurora's users: who a token stands for.

use sqlx::{FromRow, PgConnection};

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
    /// The user with this id.
    #[tracing::instrument(name = STEP, skip_all, fields(otel.kind = "client", db.system.name = "postgresql"))]
    pub async fn user_by_id(&self, id: &UserId) -> Result<Option<User>, StoreError> {
        let found: Option<Found> = sqlx::query_as("SELECT id, email, org_id FROM users WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await
            .map_err(StoreError::at(STEP))?;
        Ok(found.map(User::from))
    }

    /// A user's address and role. The gateway may lack the grant for it, and works without.
    #[tracing::instrument(name = STEP, skip_all, fields(otel.kind = "client", db.system.name = "postgresql"))]
    pub async fn profile(&self, id: &UserId) -> Result<Option<Profile>, StoreError> {
        sqlx::query_as("SELECT email, role FROM users WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await
            .map_err(StoreError::at(STEP))
    }

    /// The user with this address. Case counts only if two users differ by nothing else.
    #[tracing::instrument(name = STEP, skip_all, fields(otel.kind = "client", db.system.name = "postgresql"))]
    pub async fn user_by_email(&self, email: &str) -> Result<Option<User>, StoreError> {
        let found: Vec<Found> = sqlx::query_as(
            "SELECT id, email, org_id FROM users WHERE lower(email) = lower($1) ORDER BY email = $1 DESC LIMIT 2",
        )
        .bind(email)
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::at(STEP))?;
        let exact_or_alone = found.len() == 1 || found.first().is_some_and(|first| first.email == email);
        Ok(found.into_iter().next().filter(|_| exact_or_alone).map(User::from))
    }
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
