//! `kubectl aurora-mcp`: makes, connects, examines and revokes tokens for Aurora's MCP endpoint.

mod cli;
mod clock;
mod cluster;
mod completion;
mod connect;
mod doctor;
mod error;
mod forward;
mod gateway;
mod mcp;
mod output;
mod report;
mod seen;
mod tls;
mod token;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command};
use crate::cluster::Cluster;
use crate::error::Error;

/// The doctor found something.
const FOUND: u8 = 2;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(code) => code,
        Err(error) => {
            // Nobody is left to be told that standard error is closed.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<ExitCode, Error> {
    let out = &mut std::io::stdout();
    // Completion works without a cluster.
    match &cli.command {
        Command::Completion { shell } => return completion::script(*shell, out).map(|()| ExitCode::SUCCESS),
        Command::Complete { words } => {
            return completion::answer(words, out).await.map(|()| ExitCode::SUCCESS);
        }
        _ => {}
    }
    let cluster = Cluster::connect(&cli.target).await?;
    match cli.command {
        Command::Completion { .. } | Command::Complete { .. } => {}
        Command::Report(wanted) => report::run(&cluster, &wanted, out).await?,
        Command::Connect(wanted) => connect::run(&cluster, &wanted, out).await?,
        Command::Create(wanted) => token::create::run(&cluster, &wanted, out).await?,
        Command::Rotate { name, wait } => token::rotate::run(&cluster, &name, wait, out).await?,
        Command::Suspend { name } => token::suspend::run(&cluster, &name, true, out).await?,
        Command::Resume { name } => token::suspend::run(&cluster, &name, false, out).await?,
        Command::Doctor(wanted) => {
            let well = doctor::run(&cluster, &wanted, out).await?;
            return Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(FOUND) });
        }
        Command::Revoke(wanted) => token::revoke::run(&cluster, &wanted, out).await?,
        Command::Status { name, output } => token::status::run(&cluster, &name, output, out).await?,
    }
    Ok(ExitCode::SUCCESS)
}
