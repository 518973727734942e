//! The gateway: HTTP edge, MCP surface, Aurora client, health probes.
//!
//! A request's way: [`edge`] (guard, limits) → [`auth`] (whose token) → [`mcp`] (which revision, which method) →
//! [`tools`] or [`resources`] → [`aurora`] (the typed client) or [`health`] (the last report).

pub mod access;
pub mod aurora;
pub mod auth;
pub mod check;
pub mod config;
pub mod edge;
mod gateway;
pub mod health;
pub mod mcp;
pub mod metrics;
pub mod resources;
mod serve;
pub mod tls;
pub mod tools;

pub use config::{Config, ConfigError, Environment};
pub use gateway::{Gateway, StartError};
