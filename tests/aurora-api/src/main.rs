//! Serves the stand-in as Aurora's server does: on `PORT` (5080), with `INTERNAL_API_SECRET`.

use std::process::ExitCode;

use aurora_api_stand_in::{Options, listen};

const DEFAULT_PORT: &str = "5080";

#[expect(clippy::disallowed_methods, reason = "the program's whole configuration")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_env_filter("info").init();
    let Some(secret) = variable("INTERNAL_API_SECRET") else {
        tracing::error!("INTERNAL_API_SECRET is not set: Aurora refuses to start without it");
        return ExitCode::FAILURE;
    };
    let port = variable("PORT").unwrap_or_else(|| DEFAULT_PORT.to_owned());
    match listen(Options::new(secret), &format!("0.0.0.0:{port}")).await {
        Ok(server) => {
            tracing::info!(address = %server.address(), "serving");
            tokio::select! {
                () = server.wait() => {}
                () = terminated() => {}
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!(%error, cause = ?std::error::Error::source(&error), "cannot start");
            ExitCode::FAILURE
        }
    }
}

/// Process 1 of a container gets no default handling of SIGTERM.
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}
