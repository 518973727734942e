//! Programs beside the test, which end with it.

use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result};
use tokio::process::{Child, Command};

/// A command that ends when the test does, even if that is killed; its standard error goes to `log`.
pub fn command(program: &Path, log: &Path) -> Result<Command> {
    let file = File::options().create(true).append(true).open(log)?;
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).kill_on_drop(true);
    Ok(command)
}

/// Starts it.
pub fn start(mut command: Command) -> Result<Child> {
    command.spawn().with_context(|| format!("starting {command:?}"))
}

/// A port of the loopback device that nobody listens on.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The last lines of a log.
pub fn last_words(log: &Path, lines: usize) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
