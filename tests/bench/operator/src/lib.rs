//! Benchmarks of the operator and of revocation: the released programs, a kube-apiserver with etcd, and the test bed's Postgres.
//!
//! Two programs print Markdown: `aurora-mcp-bench-operator` keeps many McpTokens, `aurora-mcp-bench-revocation` takes tokens, or some of their
//! access, away from several gateways.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints")]

pub mod apply;
pub mod bare;
pub mod calls;
pub mod counters;
pub mod gateways;
pub mod narrow;
pub mod program;
pub mod report;
pub mod resync;
pub mod revoke;
pub mod settings;
pub mod site;
pub mod usage;
pub mod wire;
