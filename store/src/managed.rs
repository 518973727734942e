//! A token row that an McpToken keeps: what is recorded about it, and what there is to read of it.

use jiff::Timestamp;

use crate::{Access, OrgId, TokenDigest, TokenId, TokenRow, UserId};

/// The McpToken that keeps a row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The operator's installation; several may share a database.
    pub installation: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
}

/// A row of `aurora_mcp.managed_token` with its row of `mcp_tokens`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Managed {
    /// `mcp_tokens.id`.
    pub token_id: TokenId,
    /// What stands in `mcp_tokens.token`.
    pub digest: TokenDigest,
    /// The McpToken that keeps it.
    pub owner: Owner,
    /// Counts the tokens of one McpToken, from 1.
    pub serial: i64,
    /// The limits; none when what is stored isn't understood.
    pub access: Option<Access>,
    /// Stopped by `spec.suspended`.
    pub suspended: bool,
    /// The row in Aurora's table; none when it is gone.
    pub row: Option<TokenRow>,
}

/// A token row to be made, with its record.
#[derive(Debug, Clone)]
pub struct NewManaged {
    /// The McpToken that keeps it.
    pub owner: Owner,
    /// Counts the tokens of one McpToken, from 1.
    pub serial: i64,
    /// The token's digest.
    pub digest: TokenDigest,
    /// A row in clear to be taken over instead of making one: its text is replaced by the digest.
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
