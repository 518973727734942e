//! `helm test`, for real: it makes a token, calls the gateway as a client does, and leaves nothing behind.

use anyhow::{Context, Result, ensure};
use aurora_mcp_e2e::scene;
use tokio::process::Command;

const NAMESPACE: &str = "aurora-oss";
const NAME: &str = "aurora-mcp-helm-test";

#[tokio::test]
async fn release_passes_its_own_test_and_nothing_is_left_of_it() -> Result<()> {
    scene(async |cluster| {
        let output = Command::new("helm")
            .args(["test", "aurora-mcp", "--namespace", NAMESPACE, "--logs", "--timeout=120s"])
            .output()
            .await
            .context("starting helm")?;
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        ensure!(output.status.success(), "helm test failed: {said:?}");
        let left = cluster
            .kubectl(&["get", "mcptoken,pod", "-n", NAMESPACE, "--ignore-not-found", "-o", "name"])
            .await?;
        ensure!(!left.contains(NAME), "left behind: {left}");
        Ok(())
    })
    .await
}
