//! Aurora's database is away for long: nothing is touched, the operator asks ever more rarely, and all is caught up afterwards.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use aurora_mcp_crds::{DeletionPolicy, ROTATE_ANNOTATION};
use aurora_mcp_lifecycle::{Gate, Operator, Stage, Token, eventually};
use kube::ResourceExt as _;
use serde_json::json;

use crate::{all_ready, at_work, make, on_stage};

const TOKENS: usize = 20;

async fn bearers(tokens: &[Token<'_>]) -> Result<Vec<String>> {
    let mut bearers = Vec::new();
    for token in tokens {
        bearers.extend(token.bearer().await?);
    }
    Ok(bearers)
}

/// Names and versions of all Secrets.
async fn secrets(stage: &Stage) -> Result<Vec<(String, Option<String>)>> {
    let all = stage.secrets().list(&kube::api::ListParams::default()).await?;
    let mut all: Vec<_> =
        all.into_iter().map(|secret| (secret.name_any(), secret.resource_version())).collect();
    all.sort();
    Ok(all)
}

/// When each McpToken failed so many times, on the average.
async fn failed(operator: &Operator, times: usize) -> Result<Instant> {
    eventually("passes to fail", 60, async || {
        let failures = operator.metrics().await?.sum("reconcile_errors_total")?;
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let wanted = (times * TOKENS) as f64;
        ensure!(failures >= wanted, "{failures} failures of {wanted}");
        Ok(Instant::now())
    })
    .await
}

#[tokio::test]
async fn long_outage_touches_no_secret_and_everything_is_caught_up_afterwards() {
    on_stage(async |_, database, mut stage| {
        let relay = stage.relay(database).await?;
        let stage = &stage;
        let (mut operator, tokens) = at_work(stage, "old", TOKENS).await?;
        let first = bearers(&tokens).await?;
        let before = secrets(stage).await?;
        relay.set(Gate::Closed);
        for (number, token) in tokens.iter().enumerate() {
            let request = (number < 5).then_some("during the outage");
            let metadata = json!({"annotations": {ROTATE_ANNOTATION: request}});
            token.patch(&json!({"metadata": metadata, "spec": {"access": {"mode": "ReadOnly"}}})).await?;
        }
        let waits = ask_ever_more_rarely(&operator).await?;
        println!("the second, third and fourth failure came after {waits:.1?}");
        tokens[5].delete(DeletionPolicy::Revoke).await?;
        let new = make(stage, "new", 3).await?;
        // One that starts in the middle of it knows nothing of the time before.
        operator.kill().await?;
        operator = Operator::start(&stage.operator, "").await?;
        for token in tokens.iter().chain(&new) {
            token.until("DatabaseUnavailable", 60).await?;
        }
        ensure!(secrets(stage).await? == before, "a Secret was touched");
        // Two hours pass. Nobody notices but the clients, whose tokens work.
        database.forward("2 hours").await;
        for bearer in &first {
            ensure!(stage.aurora.accepts(bearer).await?, "a token stopped");
        }
        relay.set(Gate::Open);
        check_caught_up(&tokens, &new, &first).await?;
        operator.stop().await
    })
    .await;
}

/// Each wait is longer than the one before it.
async fn ask_ever_more_rarely(operator: &Operator) -> Result<[Duration; 3]> {
    let first = failed(operator, 1).await?;
    let (second, third, fourth) =
        (failed(operator, 2).await?, failed(operator, 3).await?, failed(operator, 4).await?);
    let waits = [second - first, third - second, fourth - third];
    ensure!(waits.is_sorted(), "the waits don't grow: {waits:?}");
    Ok(waits)
}

async fn check_caught_up(tokens: &[Token<'_>], new: &[Token<'_>], first: &[String]) -> Result<()> {
    let aurora = &tokens[0].stage.aurora;
    eventually("the deleted one to go", 60, async || {
        ensure!(tokens[5].object().await?.is_none(), "it is there");
        Ok(())
    })
    .await?;
    ensure!(!aurora.accepts(&first[5]).await?, "the token of the deleted one works");
    all_ready(new).await?;
    for (number, token) in tokens.iter().enumerate().filter(|(number, _)| *number != 5) {
        let object = token.until("Ready", 60).await?;
        let serial = object.status.and_then(|status| status.serial);
        let rotated = number < 5;
        ensure!(serial == Some(if rotated { 2 } else { 1 }), "{}: serial {serial:?}", token.name);
        // Both tokens of a rotation work: the old one for its overlap.
        ensure!(aurora.accepts(&first[number]).await?, "{}: the token from before does not work", token.name);
        let current = token.bearer().await?.unwrap_or_default();
        ensure!((current != first[number]) == rotated, "{}: another token than it should be", token.name);
        let limited = format!(
            "SELECT count(*) FROM aurora_mcp.managed_token WHERE name = '{}' AND access->>'mode' <> 'ReadOnly'",
            token.name
        );
        ensure!(aurora.value(&limited).await?.as_deref() == Some("0"), "{}: not limited", token.name);
    }
    Ok(())
}
