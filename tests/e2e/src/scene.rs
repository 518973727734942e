//! Runs a test, shows the state of the cluster if it fails, and cleans up after it.

use std::panic::AssertUnwindSafe;

use anyhow::Result;
use futures::FutureExt;

use crate::{Cluster, cluster::NAMESPACE};

/// What is shown when a test fails.
const DIAGNOSES: &[&[&str]] = &[
    &["get", "pods", "-n", NAMESPACE, "-o", "wide"],
    &["get", "mcptokens", "-A", "-o", "wide"],
    &["get", "events", "-n", NAMESPACE, "--sort-by=.metadata.creationTimestamp"],
    &["logs", "-n", NAMESPACE, "-l", "app.kubernetes.io/component=operator", "--tail=30"],
    &["logs", "-n", NAMESPACE, "-l", "app.kubernetes.io/component=gateway", "--tail=30"],
];

/// Runs a test against the cluster.
pub async fn scene(test: impl AsyncFnOnce(&Cluster) -> Result<()>) -> Result<()> {
    let cluster = Cluster::connect().await?;
    let outcome = AssertUnwindSafe(test(&cluster)).catch_unwind().await;
    if !matches!(outcome, Ok(Ok(()))) {
        diagnose(&cluster).await;
    }
    let cleaned = cluster.clean_up().await;
    match outcome {
        Ok(result) => result.and(cleaned),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

#[expect(clippy::print_stderr, reason = "the test's output is where a person looks for the reason")]
async fn diagnose(cluster: &Cluster) {
    for arguments in DIAGNOSES {
        let said = match cluster.try_kubectl(arguments, "").await {
            Ok(output) => output.stdout + &output.stderr,
            Err(error) => format!("{error:#}"),
        };
        let lines: Vec<&str> = said.lines().collect();
        eprintln!("$ kubectl {}", arguments.join(" "));
        eprintln!("{}\n", lines[lines.len().saturating_sub(40)..].join("\n"));
    }
}
