//! The gateway against a real Postgres and the stand-in of the Aurora API.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may")]

mod api_tool;
mod asking;
mod audit_lines;
mod authentication;
mod cancelling;
mod completion;
mod connected;
mod cost;
mod crossing;
mod hostile;
mod inputs;
mod isolation;
mod json;
mod lifecycle;
mod limits;
mod own_tls;
mod protocol;
mod resources;
mod revisions;
mod smuggling;
mod subscriptions;
mod surface;
mod tools;
mod vouching;
mod world;
