//! Why a pass failed, and what to do about it.

use aurora_mcp_plan::Reason;
use aurora_mcp_store::{Category as StoreCategory, StoreError};

/// A failed pass.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something in Kubernetes could not be read.
    #[error("could not read {what}: {source}")]
    Read {
        /// What was read.
        what: &'static str,
        /// What the API server said.
        source: kube::Error,
    },
    /// A step in Kubernetes failed.
    #[error("step {step} failed: {source}")]
    Write {
        /// The step.
        step: &'static str,
        /// What the API server said.
        source: kube::Error,
    },
    /// A step or a reading in Aurora's database failed.
    #[error("{0}")]
    Database(#[from] StoreError),
    /// The same pass found something to do again and again.
    #[error("the token does not settle: the last step was {step}")]
    Unsettled {
        /// The last step of the last round.
        step: &'static str,
    },
    /// A plan named a row that it was not given.
    #[error("step {step} names row {row}, which was not observed")]
    UnknownRow {
        /// The step.
        step: &'static str,
        /// The row.
        row: i32,
    },
}

/// What to do about an error. The set is closed: it is a metric label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// Postgres is away: try again, later each time.
    DatabaseUnavailable,
    /// The database role lacks a grant: an administrator's matter.
    DatabaseForbidden,
    /// Aurora or our migration has not run yet.
    DatabaseSchema,
    /// Somebody else wrote at the same time: look again at once.
    Conflict,
    /// The API server is away or busy.
    KubernetesUnavailable,
    /// The API server refuses: a right is missing or an object is invalid.
    KubernetesRefused,
    /// A defect here.
    Internal,
}

impl Category {
    /// All categories, for metrics that exist before the first case.
    pub const ALL: [Self; 7] = [
        Self::DatabaseUnavailable,
        Self::DatabaseForbidden,
        Self::DatabaseSchema,
        Self::Conflict,
        Self::KubernetesUnavailable,
        Self::KubernetesRefused,
        Self::Internal,
    ];

    /// The name as log field and metric label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DatabaseUnavailable => "database-unavailable",
            Self::DatabaseForbidden => "database-forbidden",
            Self::DatabaseSchema => "database-schema",
            Self::Conflict => "conflict",
            Self::KubernetesUnavailable => "kubernetes-unavailable",
            Self::KubernetesRefused => "kubernetes-refused",
            Self::Internal => "internal",
        }
    }

    /// The reason in conditions and events; none for what passes unnoticed.
    pub fn reason(self) -> Option<Reason> {
        match self {
            Self::DatabaseUnavailable => Some(Reason::DatabaseUnavailable),
            Self::DatabaseForbidden => Some(Reason::DatabaseForbidden),
            Self::DatabaseSchema => Some(Reason::DatabaseSchemaMissing),
            Self::KubernetesRefused => Some(Reason::KubernetesRefused),
            Self::Internal => Some(Reason::InternalError),
            Self::Conflict | Self::KubernetesUnavailable => None,
        }
    }
}

impl Error {
    /// What to do about it.
    pub fn category(&self) -> Category {
        match self {
            Self::Read { source, .. } | Self::Write { source, .. } => of_kube(source),
            Self::Database(error) => match error.category() {
                StoreCategory::Unavailable => Category::DatabaseUnavailable,
                StoreCategory::Forbidden => Category::DatabaseForbidden,
                StoreCategory::Schema => Category::DatabaseSchema,
                StoreCategory::Conflict => Category::Conflict,
                StoreCategory::Internal => Category::Internal,
            },
            Self::Unsettled { .. } => Category::Conflict,
            Self::UnknownRow { .. } => Category::Internal,
        }
    }
}

fn of_kube(error: &kube::Error) -> Category {
    match error {
        // 404 on a write: the object went away meanwhile. 409: it was changed, or made by somebody else.
        kube::Error::Api(status) if matches!(status.code, 404 | 409) => Category::Conflict,
        kube::Error::Api(status) if status.code == 429 || status.code >= 500 => {
            Category::KubernetesUnavailable
        }
        kube::Error::Api(_) => Category::KubernetesRefused,
        kube::Error::Service(_) | kube::Error::HyperError(_) => Category::KubernetesUnavailable,
        _ => Category::Internal,
    }
}
