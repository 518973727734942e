//! A token through the life of a release.

use anyhow::{Context, Result, ensure};
use aurora_mcp_e2e::{
    Gateway, Token,
    cluster::NAMESPACE,
    release::{self, helm},
    scene, sql,
    token::digest,
};
use serde_json::Value;

use crate::{ALICE, calls};

#[tokio::test]
async fn upgrade_rollback_and_uninstall_lose_no_token() -> Result<()> {
    scene(async |cluster| {
        release::uninstall().await?;
        release::install(&[]).await?;
        let token = Token::ready(cluster, "ci-keeper", ALICE).await?;
        let (bearer, id) = (token.bearer().await?, token_id(&token).await?);
        let same = async |step: &str| -> Result<()> {
            token.wait_ready().await.context(step.to_owned())?;
            calls(&Gateway::open().await?, &bearer).await.context(step.to_owned())?;
            ensure!(token.bearer().await? == bearer, "{step}: the Secret holds another token");
            ensure!(token_id(&token).await? == id, "{step}: there is another row");
            Ok(())
        };
        same("installed").await?;
        release::install(&["--set=gateway.askWait=30s,operator.replicas=2,log.filter=debug"]).await?;
        same("upgraded").await?;
        helm("rollback", &["--wait", "--timeout=120s"]).await?;
        same("rolled back").await?;
        // The operator sees the Service go, and must not put it back: Helm waits until it is gone.
        release::uninstall().await.context("uninstalling beside a living McpToken")?;
        let left = ["get", "service", "aurora-oss-mcp", "-n", NAMESPACE, "--ignore-not-found", "-o", "name"];
        ensure!(cluster.kubectl(&left).await?.is_empty(), "uninstalled: the Service is there");
        ensure!(token.bearer().await? == bearer, "uninstalled: the Secret is gone or another");
        let row = format!("SELECT status FROM mcp_tokens WHERE token = '{}'", digest(&bearer));
        let status = sql::value(cluster, &row).await?;
        ensure!(status == "active", "uninstalled: the row is '{status}'");
        release::install(&[]).await?;
        same("installed again").await?;
        token.delete().await
    })
    .await
}

async fn token_id(token: &Token<'_>) -> Result<Value> {
    let id = token.object().await?.data["status"]["tokenId"].clone();
    ensure!(!id.is_null(), "the status names no row");
    Ok(id)
}
