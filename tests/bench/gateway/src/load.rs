//! The load: wrk with a script that checks every answer.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;

use crate::process::{LOAD, Process, pinned};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/load.lua");
/// What every request asks for.
pub const BODY: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_incidents","arguments":{"limit":1}}}"#;
/// What every answer holds: the id of the one incident.
pub const EXPECTED: &str = "11111111-1111-4111-8111-000000000001";

/// What wrk is to do.
pub struct Load {
    /// The folder with the unpacked Debian packages.
    pub tools: PathBuf,
    /// One token a line.
    pub tokens: PathBuf,
    pub connections: usize,
    pub time: Duration,
}

/// What wrk counted. Times in milliseconds.
#[derive(Deserialize)]
struct Counted {
    requests: u64,
    failed: u64,
    seconds: f64,
    p50: f64,
    p99: f64,
}

/// What one run has shown.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    pub requests: u64,
    pub per_second: f64,
    /// CPU time of the servers for a request, in microseconds.
    pub cpu: f64,
    /// How much of their core the servers used, in percent.
    pub busy: f64,
    /// Milliseconds.
    pub p50: f64,
    /// Milliseconds.
    pub p99: f64,
}

impl Load {
    /// Loads servers that listen on these ports.
    pub async fn run(&self, servers: &[(&Process, u16)]) -> anyhow::Result<Measured> {
        let before = cpu(servers)?;
        let counted = self.wrk(servers).await?;
        let used = cpu(servers)?.saturating_sub(before).as_secs_f64();
        anyhow::ensure!(
            counted.failed == 0 && counted.requests > 0,
            "{} of {} answers were not as expected",
            counted.failed,
            counted.requests
        );
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let requests = counted.requests as f64;
        Ok(Measured {
            requests: counted.requests,
            per_second: requests / counted.seconds,
            cpu: used * 1e6 / requests,
            busy: used * 100.0 / counted.seconds,
            p50: counted.p50,
            p99: counted.p99,
        })
    }

    async fn wrk(&self, servers: &[(&Process, u16)]) -> anyhow::Result<Counted> {
        let ports: Vec<String> = servers.iter().map(|(_, port)| port.to_string()).collect();
        let output = pinned(LOAD, &self.tools.join("usr/bin/wrk"))
            .arg(format!("--threads={}", servers.len()))
            .arg(format!("--connections={}", self.connections))
            .arg(format!("--duration={}s", self.time.as_secs()))
            .args(["--script", SCRIPT])
            .arg(format!("http://127.0.0.1:{}/mcp", ports[0]))
            .env("LD_LIBRARY_PATH", library(&self.tools)?)
            .env("BENCH_PORTS", ports.join(" "))
            .env("BENCH_TOKENS", &self.tokens)
            .env("BENCH_BODY", BODY)
            .env("BENCH_EXPECTED", EXPECTED)
            .output()
            .await
            .context("wrk does not start")?;
        let said = String::from_utf8_lossy(&output.stdout);
        let last = said.lines().last().unwrap_or_default();
        serde_json::from_str(last)
            .with_context(|| format!("wrk said {said}{}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// Where the packages have their libraries: `usr/lib/<architecture>-linux-gnu`.
fn library(tools: &Path) -> anyhow::Result<PathBuf> {
    let folders = std::fs::read_dir(tools.join("usr/lib"))?;
    let mut paths = folders.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    paths
        .find(|path| path.to_string_lossy().ends_with("-linux-gnu"))
        .context("the packages have no libraries")
}

fn cpu(servers: &[(&Process, u16)]) -> anyhow::Result<Duration> {
    servers.iter().map(|(process, _)| process.cpu()).sum()
}
