//! What may go wrong around the operator for a while: it ends and starts again, its leader dies or freezes, the database is away,
//! a right is missing, an earlier version was here.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test")]

mod failover;
mod outage;
mod restart;
mod rights;
mod timing;
mod upgrade;

use anyhow::Result;
use aurora_mcp_lifecycle::{ControlPlane, Operator, Stage, Token};
use aurora_mcp_test_database::TestDatabase;
use aurora_mcp_test_database::seed::ALPHA;
use futures::future::try_join_all;
use serde_json::json;

const PROGRAM: &str = env!("CARGO_BIN_EXE_operator-under-test");

/// A control plane, a database and a namespace for one test.
async fn on_stage(test: impl AsyncFnOnce(&ControlPlane, &TestDatabase, Stage) -> Result<()>) {
    let plane = ControlPlane::start().await.unwrap();
    let outcome = TestDatabase::run(async |database| {
        database.give_clock().await;
        let stage = Stage::new(&plane, database, "disturbed", PROGRAM).await?;
        test(&plane, database, stage).await
    });
    Box::pin(outcome).await.unwrap_or_else(|error| panic!("{error:?}\n{}", plane.last_words(300)));
}

/// So many McpTokens, all at once, each for a user of its own.
async fn make<'a>(stage: &'a Stage, name: &str, count: usize) -> Result<Vec<Token<'a>>> {
    let tokens: Vec<_> = (0..count).map(|number| Token { stage, name: format!("{name}-{number}") }).collect();
    for token in &tokens {
        stage.aurora.add_user(&token.name, ALPHA).await?;
    }
    try_join_all(tokens.iter().map(async |token| token.create(&json!({})).await)).await?;
    Ok(tokens)
}

/// An operator, and so many McpTokens that it has made ready.
async fn at_work<'a>(stage: &'a Stage, name: &str, count: usize) -> Result<(Operator, Vec<Token<'a>>)> {
    let operator = Operator::start(&stage.operator, "").await?;
    let tokens = make(stage, name, count).await?;
    all_ready(&tokens).await?;
    Ok((operator, tokens))
}

/// Waits until all of them are ready.
async fn all_ready(tokens: &[Token<'_>]) -> Result<()> {
    for token in tokens {
        token.until("Ready", 60).await?;
    }
    Ok(())
}
