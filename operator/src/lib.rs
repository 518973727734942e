//! The operator: observe, plan, apply, status.
//!
//! [`run`] waits for the API server, stands for the Lease, and while it leads runs the controllers. Each pass reads what
//! there is ([`observe`]), asks the pure library `plan` what to do, does it ([`apply`]) and writes the status.

mod announcements;
mod apply;
mod census;
mod chance;
mod client;
mod config;
mod context;
mod controller;
mod convert;
mod crash;
mod echoes;
mod error;
mod events;
mod http;
mod leader;
mod metrics;
mod observe;
mod owned;
mod polling;
mod queue;
mod reconcile;
mod release;
mod requeue;
mod resync;
mod run;
mod schema;
mod status;
mod sweep;

pub use config::{Config, ConfigError, environment};
pub use error::{Category, Error};
pub use run::run;
