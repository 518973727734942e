//! A released program under measurement; it lies beside the benchmark's own.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use aurora_mcp_test_control_plane::eventually;
use aurora_mcp_test_control_plane::process::{command, start};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;
use tokio::time::timeout;

use crate::counters::Counters;
use crate::usage::Usage;

/// A running program. Dropping it kills it.
pub struct Program {
    child: Child,
    metrics: String,
    http: reqwest::Client,
}

impl Program {
    /// Starts it with this environment and no other, and waits until `ready` (an address) answers.
    pub async fn start(
        name: &str,
        environment: &[(String, String)],
        log: &Path,
        metrics: u16,
        ready: &str,
    ) -> Result<Self> {
        let path = std::env::current_exe()?.with_file_name(name);
        let mut command = command(&path, log)?;
        command.env_clear().envs(environment.iter().cloned());
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
        let program =
            Self { child: start(command)?, metrics: format!("http://127.0.0.1:{metrics}/metrics"), http };
        eventually(&format!("{name} to be ready; its log is {}", log.display()), 30, async || {
            ensure!(program.http.get(ready).send().await?.status().is_success(), "not ready");
            Ok(())
        })
        .await?;
        Ok(program)
    }

    /// Its metrics.
    pub async fn metrics(&self) -> Result<Counters> {
        let text = self.http.get(&self.metrics).send().await?.text().await?;
        Ok(Counters::parse(&text, "aurora_mcp_"))
    }

    /// What it has used so far.
    pub fn usage(&self) -> Result<Usage> {
        Usage::of(self.child.id().context("the program ended")?)
    }

    /// Asks it to stop, and waits until it did.
    pub async fn stop(mut self) -> Result<()> {
        let pid = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        kill_process(pid.context("the program ended")?, Signal::TERM)?;
        timeout(Duration::from_secs(30), self.child.wait()).await.context("stopping")??;
        Ok(())
    }
}
