//! End-to-end tests on a real cluster: what they share. The tests themselves are in `tests/`, one file a theme.
//!
//! They see the product as a user does: `kubectl apply`, a Secret, a port-forward, MCP over HTTP.

pub mod cluster;
pub mod eventually;
pub mod forward;
pub mod gateway;
pub mod mcp;
pub mod release;
pub mod scene;
pub mod sql;
pub mod token;
pub mod workload;

pub use cluster::Cluster;
pub use eventually::eventually;
pub use gateway::Gateway;
pub use mcp::Session;
pub use scene::scene;
pub use token::Token;
