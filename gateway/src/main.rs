//! Parses the configuration and starts the library.

use std::process::ExitCode;

use anyhow::Context;
use aurora_mcp_gateway::tools::select;
use aurora_mcp_gateway::{Config, Environment, Gateway, check, config::Source};
use aurora_mcp_telemetry::{self as telemetry, Settings, lines};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(select::COMMAND) {
        return select::run(std::io::stdin(), std::io::stdout())
            .map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    if std::env::args().nth(1).as_deref() == Some(check::COMMAND) {
        return checked();
    }
    let outcome = served();
    lines::flush();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the gateway cannot run");
            // Without a subscriber the line above goes nowhere.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{error:#}\n").as_bytes());
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn checked() -> ExitCode {
    match check::run(std::env::args().skip(2), std::io::stdout()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{error}\n").as_bytes());
            ExitCode::FAILURE
        }
    }
}

/// Serves until the end. Whatever was under way then is dropped with the runtime, and so says its last line.
fn served() -> anyhow::Result<()> {
    lines::hold_audit();
    runtime().context("cannot start the runtime")?.block_on(run())
}

/// On one core a second thread would only add hand-overs. Audit lines are written when a thread comes to rest.
fn runtime() -> std::io::Result<Runtime> {
    let one_core = std::thread::available_parallelism().is_ok_and(|cores| cores.get() == 1);
    let mut builder = if one_core { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    builder.enable_all().on_thread_park(lines::flush).build()
}

async fn run() -> anyhow::Result<()> {
    let settings = Settings::from_lookup("aurora-mcp-gateway", env!("CARGO_PKG_VERSION"), |name| {
        Environment.variable(name)
    })?;
    let telemetry = telemetry::init(&settings)?;
    let gateway = Gateway::start(Config::from_source(&Environment)?).await?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    gateway.shut_down().await;
    telemetry.shutdown();
    Ok(())
}
