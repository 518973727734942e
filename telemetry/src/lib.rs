//! Tracing, OTLP export and metrics, set up once for both programs.
//!
//! A program calls [`init`] first thing in `main`, serves [`metrics::router`] on its metrics port and calls
//! [`Telemetry::shutdown`] last, which flushes the spans that are still buffered.

pub mod lines;
pub mod metrics;
pub mod propagation;
mod settings;
mod subscriber;

pub use settings::{LogFormat, Settings, SettingsError};
pub use subscriber::{Telemetry, TelemetryError, init};
