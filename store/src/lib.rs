//! All SQL: token rows, access rules, users, change notifications, migrations.
//!
//! Both programs use [`Store`]. The gateway resolves bearer tokens and listens for changes; the operator keeps the rows
//! of McpTokens. Every access to `mcp_tokens` sets what Aurora's row-level security asks for in the same transaction.

mod amend;
mod changes;
mod error;
mod ledger;
mod managed;
mod migrate;
mod pool;
mod privileges;
mod probe;
mod register;
mod resolve;
mod retire;
mod rows;
mod session;
mod settings;
mod survey;
mod sweep;
mod time;
mod touch;
mod users;

pub use amend::Amendment;
pub use aurora_mcp_token::{
    Access, ApiRule, Bearer, BearerError, Mode, OrgId, TOKEN_PREFIX, TokenBytes, TokenDigest, TokenId, UserId,
};
pub use changes::Change;
pub use error::{Category, StoreError};
pub use ledger::{Ledger, Stray};
pub use managed::{Managed, NewManaged, Owner};
pub use migrate::{Migration, TriggerState};
pub use pool::Store;
pub use privileges::{MissingGrant, Program};
pub use probe::PostgresFacts;
pub use resolve::{Principal, Resolution};
pub use rows::{RowStatus, TokenRow};
pub use settings::{Settings, SettingsError};
pub use survey::Survey;
pub use users::{Profile, User, UserKey};
