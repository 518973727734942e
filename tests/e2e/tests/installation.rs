//! How the chart meets what is in the cluster already.

use anyhow::{Result, ensure};
use aurora_mcp_e2e::scene;
use serde_json::json;
use tokio::process::Command;

const NAMESPACE: &str = "e2e-installation";

#[tokio::test]
async fn service_of_another_release_is_not_taken_over() -> Result<()> {
    scene(async |cluster| {
        let owner =
            json!({"meta.helm.sh/release-name": "aurora-oss", "meta.helm.sh/release-namespace": NAMESPACE});
        let theirs = json!({"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
            {"apiVersion": "v1", "kind": "Service",
             "metadata": {"name": "aurora-oss-mcp", "namespace": NAMESPACE, "annotations": owner},
             "spec": {"ports": [{"port": 8811}]}},
        ]});
        cluster.created("namespace", NAMESPACE, NAMESPACE);
        cluster.kubectl_with(&["apply", "-f", "-"], &theirs.to_string()).await?;
        let said = install(&[]).await?.unwrap_or_default();
        ensure!(said.contains("gateway.service.name") && said.contains("aurora-oss"), "{said}");
        ensure!(
            install(&["--set=gateway.service.name=aurora-mcp"]).await?.is_none(),
            "another name does not help"
        );
        ensure!(install(&["--set=gateway.service.create=false"]).await?.is_none(), "using theirs is refused");
        Ok(())
    })
    .await
}

/// What a trial installation says against it.
async fn install(settings: &[&str]) -> Result<Option<String>> {
    let chart = concat!(env!("CARGO_MANIFEST_DIR"), "/../../charts/aurora-mcp");
    let namespace = format!("--namespace={NAMESPACE}");
    let fixed = ["install", "e2e", chart, "--dry-run=server", "--set=crds.install=false", &namespace];
    let output = Command::new("helm").args(fixed).args(settings).output().await?;
    Ok((!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned()))
}
