//! A pass over every McpToken without a change: what it costs, and that it writes nothing.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use kube::Client;

use crate::calls::Calls;
use crate::program::Program;
use crate::site::Site;

const LOOK: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(120);

/// What a resync did.
#[derive(Debug)]
pub struct Resync {
    /// How long it took.
    pub took: Duration,
    /// The operator's processor time.
    pub cpu: Duration,
    /// Calls of the API server.
    pub calls: Calls,
    /// Rows in Postgres that are another version than before, new or gone.
    pub rows_written: usize,
}

/// Makes the operator look at everything, as it does when its connection to Postgres was interrupted.
pub async fn request(site: &Site<'_>) {
    site.database.execute("NOTIFY aurora_mcp_changes, 'everything'").await;
}

/// Runs one, over at least `count` McpTokens.
pub async fn measure(site: &Site<'_>, client: &Client, operator: &Program, count: usize) -> Result<Resync> {
    site.settled(operator).await?;
    let (rows, calls) = (versions(site).await?, Calls::so_far(client).await?);
    let (passes, cpu, began) = (passes(operator).await?, operator.usage()?.cpu, Instant::now());
    request(site).await;
    #[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are small")]
    while self::passes(operator).await? < passes + count as f64 {
        ensure!(began.elapsed() < LONGEST, "the resync does not end");
        tokio::time::sleep(LOOK).await;
    }
    let took = began.elapsed();
    site.settled(operator).await?;
    let cpu = operator.usage()?.cpu.saturating_sub(cpu);
    let calls = Calls::so_far(client).await?.since(&calls);
    Ok(Resync { took, cpu, calls, rows_written: differences(&rows, &versions(site).await?) })
}

async fn passes(operator: &Program) -> Result<f64> {
    Ok(operator.metrics().await?.sum("aurora_mcp_operator_reconcile_duration_seconds_count"))
}

/// The version of every row: the transaction that wrote it.
type Versions = HashMap<String, String>;

async fn versions(site: &Site<'_>) -> Result<Versions> {
    let sql = "SELECT json_object_agg(name, version) FROM (
                   SELECT 'token ' || id AS name, xmin::text AS version FROM mcp_tokens
                   UNION ALL SELECT 'record ' || token_id, xmin::text FROM aurora_mcp.managed_token) AS rows";
    Ok(serde_json::from_str(&site.database.value(sql).await.context("no rows")?)?)
}

fn differences(before: &Versions, after: &Versions) -> usize {
    let changed = after.iter().filter(|(row, version)| before.get(*row) != Some(version)).count();
    changed + before.keys().filter(|row| !after.contains_key(*row)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_new_and_lost_rows_are_counted() {
        let rows = |rows: &[(&str, &str)]| {
            rows.iter().map(|(row, version)| ((*row).to_owned(), (*version).to_owned())).collect::<Versions>()
        };
        let before = rows(&[("same", "1"), ("changed", "1"), ("lost", "1")]);
        assert_eq!(differences(&before, &rows(&[("same", "1"), ("changed", "2"), ("new", "2")])), 3);
        assert_eq!(differences(&before, &before), 0);
    }
}
