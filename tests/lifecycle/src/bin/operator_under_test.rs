//! The operator, and a line to the test: each line of standard input arms a fail point (`<name>=<actions>`, an empty one
//! none) and is answered with `armed`. The first line is waited for; when the test is gone, so is this program.

#![allow(clippy::print_stdout, reason = "the answer to the test")]

use std::io::{BufRead as _, stdin};

use anyhow::Context as _;
use aurora_mcp_operator::{Config, environment, run};
use aurora_mcp_telemetry::{Settings, init};

fn arm(line: &str) -> anyhow::Result<()> {
    if let Some((point, actions)) = line.split_once('=') {
        fail::cfg(point, actions).map_err(anyhow::Error::msg)?;
    }
    println!("armed");
    Ok(())
}

fn main() -> anyhow::Result<()> {
    let mut lines = stdin().lock().lines();
    arm(&lines.next().context("the test says nothing")??)?;
    drop(lines);
    std::thread::spawn(|| {
        let armed: anyhow::Result<()> = stdin().lock().lines().try_for_each(|line| arm(&line?));
        std::process::exit(i32::from(armed.is_err()));
    });
    tokio::runtime::Runtime::new()?.block_on(async {
        let telemetry = init(&Settings::from_lookup("aurora-mcp-operator", "test", environment)?)?;
        let outcome = run(Config::from_lookup(environment)?).await;
        telemetry.shutdown();
        outcome
    })
}
