//! The plugin as its user runs it, against the chart's installation on a real cluster.
#![expect(clippy::unwrap_used, reason = "a test that can't go on is a failed one")]

mod connect;
mod doctor;
mod kubectl;
mod plugin;
mod report;
mod revoke;
mod tokens;
mod wrong;
