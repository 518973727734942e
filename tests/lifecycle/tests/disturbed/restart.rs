//! The operator ends, at rest or in the middle of a deletion, and starts again.

use anyhow::{Context as _, Result, ensure};
use aurora_mcp_crds::{DeletionPolicy, FINALIZER};
use aurora_mcp_lifecycle::{Operator, Token, eventually};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt as _;

use crate::{at_work, on_stage};

/// Versions of all that belongs to a token: the McpToken, its Secret, its row, and what was told of it.
async fn versions(
    token: &Token<'_>,
) -> Result<(Option<String>, Option<String>, Option<String>, Vec<ObjectMeta>)> {
    let object = token.object().await?.context("it is gone")?;
    let secret = token.secrets().await?.into_iter().next().context("no Secret")?;
    let row = token.stage.aurora.value("SELECT string_agg(xmin::text, ' ') FROM mcp_tokens").await?;
    let events = token.stage.events().await?.into_iter().map(|event| event.metadata).collect();
    Ok((object.resource_version(), secret.resource_version(), row, events))
}

#[tokio::test]
async fn operator_that_starts_again_finds_all_in_order_and_writes_nothing() {
    on_stage(async |_, _, stage| {
        let (operator, tokens) = at_work(&stage, "kept", 1).await?;
        operator.stop().await?;
        let before = versions(&tokens[0]).await?;
        let operator = Operator::start(&stage.operator, "").await?;
        eventually("the operator to have looked", 40, async || {
            let metrics = operator.metrics().await?;
            ensure!(metrics.passes()? > 0.0 && metrics.is_idle()?, "not yet");
            Ok(())
        })
        .await?;
        ensure!(operator.metrics().await?.writes()? == 0.0, "it wrote something");
        ensure!(versions(&tokens[0]).await? == before, "something is another version");
        operator.stop().await
    })
    .await;
}

#[tokio::test]
async fn deleted_token_is_refused_before_its_mcptoken_may_go() {
    on_stage(async |_, _, stage| {
        let (mut operator, tokens) = at_work(&stage, "deleted", 1).await?;
        let token = &tokens[0];
        let bearer = token.bearer().await?.context("no token")?;
        operator.arm("before remove-finalizer=return").await?;
        token.delete(DeletionPolicy::Revoke).await?;
        operator.death(30).await?;
        let object = token.object().await?.context("it went before its end was written")?;
        ensure!(object.finalizers().iter().any(|name| name == FINALIZER), "nothing holds it any more");
        ensure!(!stage.aurora.accepts(&bearer).await?, "its token works");
        let operator = Operator::start(&stage.operator, "").await?;
        eventually("the McpToken to go", 40, async || {
            ensure!(token.object().await?.is_none(), "it is there");
            Ok(())
        })
        .await?;
        operator.stop().await
    })
    .await;
}
