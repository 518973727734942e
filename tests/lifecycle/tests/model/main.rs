//! Random sequences of what happens to McpTokens over years, with a real API server and a real Postgres. After each round a
//! small model says which tokens work and with which limits, how many rows there are, and what the status tells and why.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test")]

mod act;
mod compare;
mod life;
mod seen;
mod subject;
mod world;

use std::sync::Mutex;

use anyhow::{Context as _, Result};
use aurora_mcp_lifecycle::{ControlPlane, Operator, Seeds, Stage};
use aurora_mcp_test_database::TestDatabase;
use world::World;

/// Sequences at the same time, each with an operator of its own: they hide each other's waiting.
const LANES: usize = 4;
const RUNS: u64 = 24;

#[tokio::test]
async fn any_life_of_a_token_ends_as_the_model_says() {
    let seeds = Seeds::from_environment("MODEL", RUNS);
    println!("model runs {} to {}", seeds.first, seeds.first + seeds.count - 1);
    let plane = ControlPlane::start().await.unwrap();
    let queue = Mutex::new(seeds.iter());
    let lanes = LANES.min(usize::try_from(seeds.count).unwrap());
    let (plane, queue) = (&plane, &queue);
    let lanes = (0..lanes)
        .map(|lane| TestDatabase::run(async move |database| work(plane, database, lane, queue).await));
    for lane in futures::future::join_all(lanes).await {
        lane.unwrap_or_else(|error| panic!("{error:?}"));
    }
}

async fn work(
    plane: &ControlPlane,
    database: &TestDatabase,
    lane: usize,
    queue: &Mutex<impl Iterator<Item = u64>>,
) -> Result<()> {
    database.give_clock().await;
    let program = env!("CARGO_BIN_EXE_operator-under-test");
    let mut stage = Stage::new(plane, database, &format!("model-{lane}"), program).await?;
    let relay = stage.relay(database).await?;
    let mut operator = Some(Operator::start(&stage.operator, "").await?);
    loop {
        let Some(seed) = queue.lock().unwrap().next() else { break };
        println!("seed {seed}");
        let done = async {
            let mut world = World::begin(&stage, database, &relay, &mut operator, seed).await?;
            for (number, round) in act::sequence(seed).iter().enumerate() {
                world.go(round).await.with_context(|| format!("in round {number}, {round:?}"))?;
            }
            world.end().await.context("at the end")
        };
        let done = Box::pin(done).await;
        done.with_context(|| {
            format!(
                "LIFECYCLE_SEED={seed} repeats this: {:#?}\nlast words of the operator:\n{}",
                act::sequence(seed),
                stage.operator.last_words(400)
            )
        })?;
    }
    match operator {
        Some(operator) => operator.stop().await,
        None => Ok(()),
    }
}
