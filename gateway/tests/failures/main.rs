//! Every way in which a dependency fails, made with real processes: the probe must tell them apart.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may")]

mod bed;
mod celery;
mod postgres;
mod redis;
