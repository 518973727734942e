//! Tokens end and are replaced by the database's clock, however wrong the operator's own is.

use anyhow::ensure;
use aurora_mcp_lifecycle::{Operator, eventually};
use serde_json::json;

use crate::{all_ready, at_work, make, on_stage};

#[tokio::test]
async fn rotation_comes_by_the_databases_clock() {
    on_stage(async |_, database, stage| {
        let operator = Operator::start(&stage.operator, "").await?;
        let tokens = make(&stage, "clock", 1).await?;
        let token = &tokens[0];
        token.patch(&json!({"spec": {"rotation": {"interval": "2h", "overlap": "1m"}}})).await?;
        all_ready(&tokens).await?;
        let first = token.bearer().await?;
        database.forward("7190 seconds").await;
        stage.aurora.announce_everything().await?;
        // From here on nobody says anything: the operator has to wake by itself, and its own clock is two hours behind.
        eventually("the rotation", 40, async || {
            ensure!(token.bearer().await? != first, "the token is the first one");
            Ok(())
        })
        .await?;
        operator.stop().await
    })
    .await;
}

#[tokio::test]
async fn schema_that_was_lost_is_made_again_as_soon_as_somebody_misses_it() {
    on_stage(async |_, _, stage| {
        let (operator, tokens) = at_work(&stage, "lost", 3).await?;
        stage.aurora.lose().await?;
        for token in &tokens {
            let bearer = token.bearer().await?.unwrap_or_default();
            eventually("its row to be back", 30, async || {
                ensure!(stage.aurora.accepts(&bearer).await?, "{} does not work", token.name);
                Ok(())
            })
            .await?;
        }
        operator.stop().await
    })
    .await;
}

#[tokio::test]
async fn rows_of_a_resource_that_was_torn_out_are_revoked_soon() {
    on_stage(async |_, _, stage| {
        let (operator, tokens) = at_work(&stage, "torn", 2).await?;
        let torn = tokens[0].bearer().await?.unwrap_or_default();
        let kept = tokens[1].bearer().await?.unwrap_or_default();
        tokens[0].tear_out().await?;
        eventually("its token to stop", 30, async || {
            ensure!(!stage.aurora.accepts(&torn).await?, "it works");
            Ok(())
        })
        .await?;
        ensure!(stage.aurora.accepts(&kept).await?, "another token stopped with it");
        operator.stop().await
    })
    .await;
}
