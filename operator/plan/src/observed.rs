//! What there is: the input of a plan.

use std::collections::BTreeMap;

use aurora_mcp_crds::McpToken;
use aurora_mcp_token::{Access, Bearer, OrgId, TokenBytes, TokenDigest, TokenId, UserId};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Secret, Service};

/// Everything that a plan depends on.
pub struct Observed<'a> {
    /// The McpToken.
    pub resource: &'a McpToken,
    /// The labels of its namespace.
    pub namespace_labels: BTreeMap<String, String>,
    /// The Secret of the wanted name, whoever made it.
    pub secret: Option<Secret>,
    /// The Secret that the status names, if that isn't the wanted one any more.
    pub former_secret: Option<Secret>,
    /// The Service of the wanted name beside the McpToken, whoever made it.
    pub service: Option<Service>,
    /// The Service beside the McpToken that the status names, if that isn't the wanted one any more.
    pub former_service: Option<Service>,
    /// The gateway's own Service.
    pub gateway_service: Option<Service>,
    /// True if that is missing because its Helm release is being uninstalled.
    pub release_leaving: bool,
    /// The token that `spec.adoptFrom` names, if it is there and well formed.
    pub adopted: Option<Bearer>,
    /// What Aurora's database says.
    pub database: Database,
    /// True if the database announces changes: then a revocation in Aurora takes effect at once.
    pub announced: bool,
    /// True if another McpToken relies on the gateway's Service.
    pub gateway_service_shared: bool,
    /// The time: the database's clock if it answered.
    pub now: Timestamp,
    /// Random bytes for a new token, drawn for this pass alone.
    pub fresh: TokenBytes,
}

/// What Aurora's database says about an McpToken.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "one value a pass, moved once")]
pub enum Database {
    /// It answered.
    Answered {
        /// The user that the resource names.
        user: Option<User>,
        /// The rows of this resource, by serial.
        rows: Vec<KnownRow>,
        /// A row with the Secret's token that no resource keeps.
        stray: Option<Stray>,
    },
    /// It is away: nothing is decided about tokens until it is back.
    Away {
        /// What the connection said.
        message: String,
    },
}

/// One of Aurora's users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id.
    pub id: UserId,
    /// The address.
    pub email: String,
    /// The organisation.
    pub org_id: Option<OrgId>,
}

/// The McpToken that keeps a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The operator's installation.
    pub installation: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
}

/// A row that an McpToken keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRow {
    /// Its number.
    pub token_id: TokenId,
    /// The digest of its token.
    pub digest: TokenDigest,
    /// Who keeps it.
    pub owner: Owner,
    /// Counts the tokens of one McpToken.
    pub serial: i64,
    /// Its limits, if they can be read.
    pub access: Option<Access>,
    /// Stopped by us.
    pub suspended: bool,
    /// The row in Aurora's table, if it is there.
    pub row: Option<Row>,
}

/// A row of `mcp_tokens`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Whose it is.
    pub user_id: UserId,
    /// In which organisation.
    pub org_id: Option<OrgId>,
    /// What Aurora's list calls it.
    pub name: Option<String>,
    /// Whether it is in force.
    pub state: RowState,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

/// `mcp_tokens.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowState {
    /// In force.
    Active,
    /// Revoked for good.
    Revoked,
    /// Out of force for now.
    Expired,
}

/// A row with the Secret's token that nobody keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// Its number.
    pub token_id: TokenId,
    /// True if it holds the token in clear.
    pub in_clear: bool,
    /// The row.
    pub row: Row,
}

impl Observed<'_> {
    pub(crate) fn uid(&self) -> &str {
        self.resource.metadata.uid.as_deref().unwrap_or_default()
    }

    pub(crate) fn name(&self) -> &str {
        self.resource.metadata.name.as_deref().unwrap_or_default()
    }

    pub(crate) fn namespace(&self) -> &str {
        self.resource.metadata.namespace.as_deref().unwrap_or_default()
    }

    /// The rows that are kept for this McpToken, or for an earlier one of its name.
    pub(crate) fn own_rows(&self) -> impl Iterator<Item = &KnownRow> {
        self.rows().iter().filter(|row| self.keeps(row))
    }

    pub(crate) fn rows(&self) -> &[KnownRow] {
        match &self.database {
            Database::Answered { rows, .. } => rows,
            Database::Away { .. } => &[],
        }
    }

    pub(crate) fn keeps(&self, row: &KnownRow) -> bool {
        row.owner.uid == self.uid()
            || (row.owner.namespace == self.namespace() && row.owner.name == self.name())
    }
}

impl KnownRow {
    /// True while the row is or may come back in force.
    pub(crate) fn is_live(&self) -> bool {
        self.row.as_ref().is_some_and(|row| row.state != RowState::Revoked)
    }
}
