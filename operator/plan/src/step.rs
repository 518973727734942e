//! What a plan consists of. Each step is idempotent and may be repeated after a crash.

use aurora_mcp_crds::McpTokenStatus;
use aurora_mcp_token::{Access, OrgId, TokenDigest, TokenId, UserId};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Secret, Service};

/// What to do, in this order, and what to report.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The steps. None: nothing is written anywhere.
    pub steps: Vec<Step>,
    /// The status once the steps are done.
    pub status: McpTokenStatus,
    /// When something changes by itself.
    pub wake_at: Option<Timestamp>,
}

/// One change, in Kubernetes or in Postgres.
#[derive(Debug, Clone)]
pub enum Step {
    /// Claim the McpToken for this installation and hold it back on deletion, before anything is made for it.
    AddFinalizer,
    /// Create or replace the Secret. Always before its row.
    WriteSecret(Box<Secret>),
    /// Remove the Secret of an earlier name, once its token is in the new one.
    RemoveSecret(String),
    /// Make the row of the Secret's token.
    RegisterRow(Box<NewRow>),
    /// Bring a row into the wanted form.
    AmendRow(Box<Amendment>),
    /// End a row for good.
    RevokeRow(TokenId),
    /// Delete a row.
    DeleteRow(TokenId),
    /// Leave a row in force and to itself.
    RetainRow(TokenId),
    /// Create or replace a Service.
    WriteService(Box<Service>),
    /// Remove a Service that the operator made.
    RemoveService {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// Let the McpToken go.
    RemoveFinalizer,
}

impl Step {
    /// All names, so that a test that stops at each step can't forget a new one.
    pub const NAMES: [&'static str; 11] = [
        "add-finalizer",
        "write-secret",
        "register-row",
        "amend-row",
        "revoke-row",
        "delete-row",
        "retain-row",
        "write-service",
        "remove-service",
        "remove-finalizer",
        "remove-secret",
    ];

    /// The step's name in logs, metrics and crash tests.
    pub fn name(&self) -> &'static str {
        let index = match self {
            Self::AddFinalizer => 0,
            Self::WriteSecret(_) => 1,
            Self::RegisterRow(_) => 2,
            Self::AmendRow(_) => 3,
            Self::RevokeRow(_) => 4,
            Self::DeleteRow(_) => 5,
            Self::RetainRow(_) => 6,
            Self::WriteService(_) => 7,
            Self::RemoveService { .. } => 8,
            Self::RemoveFinalizer => 9,
            Self::RemoveSecret(_) => 10,
        };
        Self::NAMES[index]
    }
}

/// A row to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRow {
    /// The token's serial.
    pub serial: i64,
    /// The token's digest.
    pub digest: TokenDigest,
    /// A row in clear to be taken over.
    pub adopt: Option<TokenId>,
    /// Whose it is to be.
    pub user_id: UserId,
    /// In which organisation.
    pub org_id: OrgId,
    /// What Aurora's list is to call it.
    pub display_name: String,
    /// When it is to end by itself.
    pub expires_at: Option<Timestamp>,
    /// Its limits.
    pub access: Access,
    /// Whether it starts stopped.
    pub suspended: bool,
}

/// How an existing row is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amendment {
    /// Its number.
    pub token_id: TokenId,
    /// What Aurora's list is to call it.
    pub display_name: String,
    /// When it is to end by itself.
    pub expires_at: Option<Timestamp>,
    /// Its limits.
    pub access: Access,
    /// Whether it is stopped.
    pub suspended: bool,
}
