//! Why the database did not do what was asked.

use std::borrow::Cow;

/// A failed step, with what it was about.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A statement failed or no connection could be had.
    #[error("could not {step}: {source}")]
    Database {
        /// What was being done, as "could not …" goes on.
        step: &'static str,
        /// What the driver or the server said.
        source: sqlx::Error,
    },
    /// Postgres could not be reached in time, or all connections were busy.
    #[error("could not {step}: Postgres gave no connection in time")]
    NoConnection {
        /// What was being done.
        step: &'static str,
    },
    /// The connection says nothing any more.
    #[error("could not {step}: Postgres did not answer in time")]
    NoAnswer {
        /// What was being done.
        step: &'static str,
    },
    /// A row holds something that no version of ours or of Aurora's writes.
    #[error("could not {step}: {found}")]
    Unreadable {
        /// What was being done.
        step: &'static str,
        /// What stands there instead.
        found: String,
    },
    /// Another row has what was to be written, and it isn't ours to change.
    #[error("could not {step}: {found}")]
    Taken {
        /// What was being done.
        step: &'static str,
        /// Who has it.
        found: String,
    },
}

/// What to do about an error. The set is closed: it is a metric label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// Postgres is away, starting, full or too slow: try again later.
    Unavailable,
    /// The role lacks a grant, or row-level security refused.
    Forbidden,
    /// A table, column or schema is missing: Aurora or a migration has not run yet.
    Schema,
    /// Somebody else changed the same rows: try again at once, or the row belongs to another.
    Conflict,
    /// Anything else: a defect here or unreadable data.
    Internal,
}

impl Category {
    /// The name as log field and metric label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Forbidden => "forbidden",
            Self::Schema => "schema",
            Self::Conflict => "conflict",
            Self::Internal => "internal",
        }
    }
}

impl StoreError {
    /// Marks a driver error with the step that it belongs to: `.map_err(StoreError::at("read the user"))`.
    pub(crate) fn at(step: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |source| match source {
            sqlx::Error::PoolTimedOut => Self::NoConnection { step },
            source => Self::Database { step, source },
        }
    }

    /// What to do about it.
    pub fn category(&self) -> Category {
        match self {
            Self::NoConnection { .. } | Self::NoAnswer { .. } => Category::Unavailable,
            Self::Unreadable { .. } => Category::Internal,
            Self::Taken { .. } => Category::Conflict,
            Self::Database { source, .. } => match source {
                sqlx::Error::Database(error) => of_code(&error.code().unwrap_or(Cow::Borrowed(""))),
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed => Category::Unavailable,
                _ => Category::Internal,
            },
        }
    }

    /// The SQLSTATE of the server, if it was the server that said no.
    pub fn sqlstate(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Database { source: sqlx::Error::Database(error), .. } => error.code(),
            _ => None,
        }
    }

    /// True when nothing was wrong with the request: the same call may succeed later.
    pub fn is_unavailable(&self) -> bool {
        self.category() == Category::Unavailable
    }
}

/// Sorts an SQLSTATE (PostgreSQL, appendix A).
fn of_code(code: &str) -> Category {
    match code {
        // insufficient_privilege is also what a refusal by row-level security says.
        "42501" => Category::Forbidden,
        // Unknown password or role: an administrator rotates it, the next connection gets in.
        _ if code.starts_with("28") => Category::Unavailable,
        // undefined_table, undefined_column, undefined_function, invalid_schema_name; invalid_catalog_name below.
        "42P01" | "42703" | "42883" | "3F000" => Category::Schema,
        // serialization_failure, deadlock_detected, lock_not_available, unique_violation.
        "40001" | "40P01" | "55P03" | "23505" => Category::Conflict,
        // read_only_sql_transaction: a replica, or a primary that was just demoted.
        "25006" | "3D000" => Category::Unavailable,
        _ if ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class)) => Category::Unavailable,
        _ => Category::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_by_what_can_be_done() {
        for (code, category) in [
            ("57P01", Category::Unavailable), // admin_shutdown
            ("57P03", Category::Unavailable), // cannot_connect_now
            ("57014", Category::Unavailable), // query_canceled (statement_timeout)
            ("53300", Category::Unavailable), // too_many_connections
            ("25006", Category::Unavailable),
            ("28P01", Category::Unavailable),
            ("3D000", Category::Unavailable),
            ("42501", Category::Forbidden),
            ("42P01", Category::Schema),
            ("3F000", Category::Schema),
            ("40001", Category::Conflict),
            ("23505", Category::Conflict),
            ("22001", Category::Internal),
            ("", Category::Internal),
        ] {
            assert_eq!(of_code(code), category, "{code}");
        }
    }

    #[test]
    fn pool_timeout_is_an_outage() {
        assert!(StoreError::at("x")(sqlx::Error::PoolTimedOut).is_unavailable());
    }
}
