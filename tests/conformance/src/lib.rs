//! The official MCP conformance suite against a gateway that runs on a real socket with a real Postgres behind it.
//!
//! The suite can't send a token, so a proxy on loopback adds one; the gateway authenticates as it always does.

#![allow(clippy::missing_panics_doc, clippy::expect_used, reason = "a library for tests")]

mod proxy;
mod suite;
mod world;

pub use suite::{Baseline, run};
pub use world::with_gateway;
