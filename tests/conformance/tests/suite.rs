//! Conformance to both eras of MCP, as the official suite sees it.

use std::path::Path;

use aurora_mcp_conformance::{Baseline, run, with_gateway};

const RESULTS: &str = env!("CARGO_TARGET_TMPDIR");
const REVISIONS: [&str; 2] = ["2025-11-25", "2026-07-28"];

#[tokio::test(flavor = "multi_thread")]
async fn the_requirements_of_2025_11_25_are_met() {
    with_gateway(async |address| run(REVISIONS[0], address, Path::new(RESULTS)).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_requirements_of_2026_07_28_are_met() {
    with_gateway(async |address| run(REVISIONS[1], address, Path::new(RESULTS)).await.unwrap()).await;
}

#[test]
fn every_expected_failure_has_its_reason() {
    for revision in REVISIONS {
        for (name, reason) in Baseline::of(revision).entries().unwrap() {
            assert!(reason.len() > 20, "{revision}: {name} says no reason: {reason:?}");
        }
    }
}
