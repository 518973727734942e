//! The chart as a Helm release beside Aurora: installed, changed, rolled back, uninstalled.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::cluster::NAMESPACE;

/// Its name; the CRD belongs to it, also after it was uninstalled.
pub const RELEASE: &str = "aurora-mcp";

/// A path of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// What helm says to `helm COMMAND aurora-mcp …`; its complaint is the error.
pub async fn helm(command: &str, arguments: &[&str]) -> Result<String> {
    let mut helm = Command::new("helm");
    helm.args([command, RELEASE, "--namespace", NAMESPACE]).args(arguments).kill_on_drop(true);
    let output = helm.output().await.context("starting helm")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "helm {command}: {}", said.trim());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Installs or upgrades it with the image of this checkout, as `make install` made it, and waits until it is ready.
pub async fn install(arguments: &[&str]) -> Result<String> {
    let image = std::fs::read_to_string(repository(".run/image")).context("run `make install` first")?;
    let (name, tag) = image.trim().rsplit_once(':').context("the image has no tag")?;
    let (name, tag) = (format!("--set=image.repository={name}"), format!("--set=image.tag={tag}"));
    let chart = repository("charts/aurora-mcp").display().to_string();
    let fixed = [chart.as_str(), "--install", "--wait", "--timeout=120s", &name, &tag];
    helm("upgrade", &[&fixed[..], arguments].concat()).await
}

/// Uninstalls it, if it is there.
pub async fn uninstall() -> Result<()> {
    helm("uninstall", &["--ignore-not-found", "--wait", "--timeout=120s"]).await.map(drop)
}
