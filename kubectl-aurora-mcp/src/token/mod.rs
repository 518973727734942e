//! McpTokens: made, rotated, suspended, shown.

pub(crate) mod bearer;
pub(crate) mod chain;
pub(crate) mod create;
pub(crate) mod ready;
pub(crate) mod refusal;
pub(crate) mod revoke;
pub(crate) mod rotate;
pub(crate) mod status;
pub(crate) mod suspend;
