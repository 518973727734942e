//! Why a condition is as it is. The set is closed: it is also a metric label.

/// The reason of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the documentation; messages explain each case")]
pub enum Reason {
    Ready,
    SecretWritten,
    RowActive,
    ServiceFound,
    Suspended,
    Expired,
    RevokedInAurora,
    UserNotFound,
    UserWithoutOrganisation,
    OrganisationMismatch,
    UserMoved,
    NotPermitted,
    LifetimeNotAllowed,
    InvalidSpec,
    AdoptionFailed,
    SecretConflict,
    SecretMissing,
    ServiceConflict,
    TokenInUse,
    DatabaseUnavailable,
    DatabaseForbidden,
    DatabaseSchemaMissing,
    KubernetesRefused,
    InternalError,
    Deleting,
    Polling,
    UnknownTools,
}

impl Reason {
    /// All reasons, for metrics that exist before the first case.
    pub const ALL: [Self; 27] = [
        Self::Ready,
        Self::SecretWritten,
        Self::RowActive,
        Self::ServiceFound,
        Self::Suspended,
        Self::Expired,
        Self::RevokedInAurora,
        Self::UserNotFound,
        Self::UserWithoutOrganisation,
        Self::OrganisationMismatch,
        Self::UserMoved,
        Self::NotPermitted,
        Self::LifetimeNotAllowed,
        Self::InvalidSpec,
        Self::AdoptionFailed,
        Self::SecretConflict,
        Self::SecretMissing,
        Self::ServiceConflict,
        Self::TokenInUse,
        Self::DatabaseUnavailable,
        Self::DatabaseForbidden,
        Self::DatabaseSchemaMissing,
        Self::KubernetesRefused,
        Self::InternalError,
        Self::Deleting,
        Self::Polling,
        Self::UnknownTools,
    ];

    /// The name in conditions, events and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::SecretWritten => "SecretWritten",
            Self::RowActive => "RowActive",
            Self::ServiceFound => "ServiceFound",
            Self::Suspended => "Suspended",
            Self::Expired => "Expired",
            Self::RevokedInAurora => "RevokedInAurora",
            Self::UserNotFound => "UserNotFound",
            Self::UserWithoutOrganisation => "UserWithoutOrganisation",
            Self::OrganisationMismatch => "OrganisationMismatch",
            Self::UserMoved => "UserMoved",
            Self::NotPermitted => "NotPermitted",
            Self::LifetimeNotAllowed => "LifetimeNotAllowed",
            Self::InvalidSpec => "InvalidSpec",
            Self::AdoptionFailed => "AdoptionFailed",
            Self::SecretConflict => "SecretConflict",
            Self::SecretMissing => "SecretMissing",
            Self::ServiceConflict => "ServiceConflict",
            Self::TokenInUse => "TokenInUse",
            Self::DatabaseUnavailable => "DatabaseUnavailable",
            Self::DatabaseForbidden => "DatabaseForbidden",
            Self::DatabaseSchemaMissing => "DatabaseSchemaMissing",
            Self::KubernetesRefused => "KubernetesRefused",
            Self::InternalError => "InternalError",
            Self::Deleting => "Deleting",
            Self::Polling => "Polling",
            Self::UnknownTools => "UnknownTools",
        }
    }

    /// True for what a person has to mend or know; an Event about it is a warning.
    pub fn is_warning(self) -> bool {
        !matches!(
            self,
            Self::Ready
                | Self::SecretWritten
                | Self::RowActive
                | Self::ServiceFound
                | Self::Suspended
                | Self::Deleting
        )
    }
}
