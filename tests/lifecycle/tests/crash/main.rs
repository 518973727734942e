//! The operator is killed before and after each of its steps, in the middle of random histories. Afterwards no token works
//! that should not, none is lost that should work, and nothing was minted twice.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test")]

mod history;
mod run;
mod verdict;

use std::collections::BTreeMap;
use std::sync::Mutex;

use anyhow::Result;
use aurora_mcp_lifecycle::{ControlPlane, Seeds};
use aurora_mcp_plan::Step;
use aurora_mcp_test_database::TestDatabase;
use history::Boundary;

/// Runs at the same time, each with an operator of its own: they hide each other's waiting.
const LANES: usize = 4;
const RUNS: u64 = 200;

/// Every boundary, with the number of times that an operator died there.
type Deaths = Mutex<BTreeMap<Boundary, u32>>;

#[tokio::test]
async fn no_crash_leaves_a_token_working_that_should_not_or_loses_one_that_should() {
    let seeds = Seeds::from_environment("CRASH", RUNS);
    println!("crash runs {} to {}", seeds.first, seeds.first + seeds.count - 1);
    let plane = ControlPlane::start().await.unwrap();
    let (queue, deaths) = (Mutex::new(seeds.iter()), Deaths::default());
    let lanes = LANES.min(usize::try_from(seeds.count).unwrap());
    let (plane, queue, died) = (&plane, &queue, &deaths);
    let lanes = (0..lanes)
        .map(|lane| TestDatabase::run(async move |database| work(plane, database, lane, queue, died).await));
    for lane in futures::future::join_all(lanes).await {
        lane.unwrap_or_else(|error| panic!("{error:?}"));
    }
    let deaths = deaths.into_inner().unwrap();
    println!("the operator died: {deaths:?}");
    if seeds.count >= RUNS {
        let missed: Vec<_> = Boundary::all().filter(|boundary| !deaths.contains_key(boundary)).collect();
        assert!(missed.is_empty(), "nobody died at {missed:?}");
    }
}

async fn work(
    plane: &ControlPlane,
    database: &TestDatabase,
    lane: usize,
    queue: &Mutex<impl Iterator<Item = u64>>,
    deaths: &Deaths,
) -> Result<()> {
    let mut lane = run::Lane::start(plane, database, lane).await?;
    loop {
        let Some(seed) = queue.lock().unwrap().next() else { return lane.end().await };
        let boundary = lane.run(seed).await?;
        *deaths.lock().unwrap().entry(boundary).or_default() += 1;
    }
}

#[test]
fn every_step_has_a_history_that_comes_by_it() {
    for step in Step::NAMES {
        assert!(history::leads_to(step).is_some(), "no history leads to {step}: add one to history.rs");
    }
}
