//! The operator's whole life, tested for real: its own program against a kube-apiserver with etcd and a Postgres.
//!
//! A [`ControlPlane`] is started on loopback and shared with nothing; each [`Stage`] is a namespace of it with a database
//! of its own. The operator runs as a process that a test can kill at any step ([`Operator`]).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a library for tests"
)]

mod aurora;
mod backup;
mod metrics;
mod operator;
mod relay;
mod seeds;
mod stage;
mod token;
mod witness;

pub use aurora::{Aurora, Row};
pub use aurora_mcp_test_control_plane::{ControlPlane, eventually};
pub use metrics::Metrics;
pub use operator::{Operator, OperatorSettings};
pub use relay::{Gate, Relay};
pub use seeds::Seeds;
pub use stage::Stage;
pub use token::{Token, ready};
pub use witness::Witness;
