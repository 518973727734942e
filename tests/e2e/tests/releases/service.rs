//! A Service that has the name already: Aurora's own, or one that an operator made.

use anyhow::{Context, Result, ensure};
use aurora_mcp_e2e::{Cluster, Gateway, Token, cluster::NAMESPACE, release, scene};
use serde_json::{Value, json};

use crate::{ALICE, calls};

const NAME: &str = "aurora-oss-mcp";

/// Makes one before the release is there; it goes with the test.
async fn present(cluster: &Cluster, labels: Value, annotations: Value, selector: Value) -> Result<()> {
    let service = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": labels, "annotations": annotations},
        "spec": {"selector": selector, "ports": [{"name": "mcp", "port": 8811, "targetPort": "mcp"}]},
    });
    cluster.created("service", NAMESPACE, NAME);
    cluster.kubectl_with(&["create", "-f", "-"], &service.to_string()).await.map(drop)
}

/// A field of it as it is now.
async fn field(cluster: &Cluster, path: &str) -> Result<String> {
    let path = format!("jsonpath={path}");
    cluster.kubectl(&["get", "service", NAME, "-n", NAMESPACE, "-o", &path]).await
}

#[tokio::test]
async fn beside_auroras_own_mcp_server_the_value_that_helps_is_named_and_helps() -> Result<()> {
    scene(async |cluster| {
        release::uninstall().await?;
        let owner =
            json!({"meta.helm.sh/release-name": "aurora-oss", "meta.helm.sh/release-namespace": NAMESPACE});
        present(cluster, json!({}), owner, json!({"app": "auroras-own-mcp"})).await?;
        let refused =
            release::install(&[]).await.err().context("Aurora's Service was taken over")?.to_string();
        ensure!(refused.contains("gateway.service.name") && refused.contains("aurora-oss"), "{refused}");

        release::install(&["--set=gateway.service.name=aurora-mcp"]).await?;
        let token = Token::ready(cluster, "ci-beside", ALICE).await?;
        let secret = token.secret().await?;
        ensure!(secret["url"].starts_with("http://aurora-mcp.aurora-oss.svc"), "{}", secret["url"]);
        calls(&Gateway::open_service("aurora-mcp", 8811).await?, &secret["token"]).await?;
        let selector = field(cluster, "{.spec.selector.app}").await?;
        ensure!(selector == "auroras-own-mcp", "Aurora's Service was changed: {selector}");
        token.delete().await?;
        release::uninstall().await
    })
    .await
}

#[tokio::test]
async fn a_service_that_an_operator_left_is_taken_over_and_then_stays_with_the_release() -> Result<()> {
    scene(async |cluster| {
        release::uninstall().await?;
        present(
            cluster,
            json!({"app.kubernetes.io/managed-by": "aurora-mcp-operator"}),
            json!({"mcp.aurora-oss.dev/made-by": "aurora-oss/aurora-mcp"}),
            json!({"app.kubernetes.io/name": "aurora-mcp", "app.kubernetes.io/component": "gateway"}),
        )
        .await?;
        let refused = release::install(&[]).await.err().context("it was taken over unasked")?.to_string();
        ensure!(refused.contains(NAME) && refused.contains("invalid ownership metadata"), "{refused}");

        release::install(&["--take-ownership", "--force-conflicts"]).await?;
        let token = Token::ready(cluster, "ci-taken", ALICE).await?;
        calls(&Gateway::open().await?, &token.bearer().await?).await?;
        let before = field(cluster, "{.metadata.uid}").await?;
        // With the last McpToken goes a Service that is still the operator's.
        token.delete().await?;
        ensure!(field(cluster, "{.metadata.uid}").await? == before, "the release's Service was removed");
        release::uninstall().await
    })
    .await
}
