//! The McpToken types, nothing else.

mod access;
mod duration;
pub mod reference;
mod service;
mod spec;
mod status;

pub use access::{AccessSpec, ApiRuleSpec, Method, ModeSpec};
pub use service::{ServiceSpec, ServiceType};
pub use spec::{
    AdoptFrom, DeletionPolicy, McpToken, McpTokenSpec, RotationSpec, SecretKeyRef, SecretSpec, UserRef,
};
pub use status::{McpTokenStatus, PreviousToken};

/// The API group of every kind here.
pub const GROUP: &str = "mcp.aurora-oss.dev";
/// Holds an McpToken back until its row is revoked.
pub const FINALIZER: &str = "mcp.aurora-oss.dev/revoke";
/// Asks for a rotation once: any new value, by custom the time.
pub const ROTATE_ANNOTATION: &str = "mcp.aurora-oss.dev/rotate-requested-at";
/// Says which installation of the operator serves an McpToken. Set by the first that does; whoever changes it moves the McpToken.
pub const INSTALLATION_ANNOTATION: &str = "mcp.aurora-oss.dev/installation";
/// The type of the Secrets that are made.
pub const SECRET_TYPE: &str = "aurora-oss.dev/mcp-token";
