//! The operator with thousands of McpTokens. `BENCH_TOKENS` and `BENCH_APPLIES` say how many; prints Markdown.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::convert::Infallible;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use aurora_mcp_bench_operator::calls::Calls;
use aurora_mcp_bench_operator::program::Program;
use aurora_mcp_bench_operator::report::{Table, each, print_machine, rate, say, seconds};
use aurora_mcp_bench_operator::settings::number;
use aurora_mcp_bench_operator::site::Site;
use aurora_mcp_bench_operator::usage::Usage;
use aurora_mcp_bench_operator::wire::Wire;
use aurora_mcp_bench_operator::{apply, bare, resync};
use aurora_mcp_test_control_plane::ControlPlane;
use aurora_mcp_test_database::TestDatabase;

/// McpTokens by which statements are counted.
const COUNTED: usize = 200;
/// Where the first McpTokens are.
const FILLED: &str = "bench";
const LONGEST: u64 = 300;
const ASK_AGAIN: Duration = Duration::from_millis(500);

#[tokio::main]
async fn main() -> Result<()> {
    let (tokens, applies) = (number("BENCH_TOKENS", 10_000), number("BENCH_APPLIES", 200));
    let plane = ControlPlane::start().await?;
    print_machine();
    let mut table = Table::new(format!("Operator, {tokens} McpTokens"));
    Box::pin(TestDatabase::run(async |database| {
        Box::pin(fill(&plane, database, tokens, applies, &mut table)).await
    }))
    .await?;
    TestDatabase::run(async |database| start_over(&plane, database, tokens, &mut table).await).await?;
    TestDatabase::run(async |database| count_statements(&plane, database, &mut table).await).await?;
    say("the same writes without an operator");
    let bare = bare::write_all(&plane.client(), FILLED, "token-0", tokens).await?;
    table.row("as many a second by a client that only makes the same writes", rate(tokens, bare), "");
    table.print();
    Ok(())
}

/// From nothing to all Ready, then what it costs to keep them, then how quickly one more can be used.
async fn fill(
    plane: &ControlPlane,
    database: &TestDatabase,
    tokens: usize,
    applies: usize,
    table: &mut Table,
) -> Result<()> {
    let site = Site::new(plane, database, FILLED).await?;
    let operator = site.start_operator(None).await?;
    site.settled(&operator).await?;
    issue(plane, &site, &operator, tokens, table).await?;
    say("a resync without changes");
    keep(plane, &site, &operator, tokens, table).await?;
    say("one after another");
    let idle = apply::one_after_another(&site, "idle", applies).await?;
    table.row("one apply until its token works, p50 / p99 / longest", idle.summary(), "p50 < 250 ms");
    say("one after another during a resync");
    let busy = tokio::select! {
        busy = apply::one_after_another(&site, "busy", applies) => busy?,
        never = keep_looking(&site) => match never {},
    };
    table.row("the same while all others are looked at again", busy.summary(), "");
    operator.stop().await
}

/// The operator comes to McpTokens that are there already, as after Git brought all of them.
async fn start_over(
    plane: &ControlPlane,
    database: &TestDatabase,
    tokens: usize,
    table: &mut Table,
) -> Result<()> {
    say("started beside McpTokens that are there already");
    let site = Site::new(plane, database, "started").await?;
    site.create_all("token", tokens).await?;
    let began = Instant::now();
    let operator = site.start_operator(None).await?;
    site.all_ready(&operator, tokens, LONGEST).await?;
    table.row("McpTokens a second, if all are there when it starts", rate(tokens, began.elapsed()), "> 150");
    operator.stop().await
}

async fn issue(
    plane: &ControlPlane,
    site: &Site<'_>,
    operator: &Program,
    tokens: usize,
    table: &mut Table,
) -> Result<()> {
    say(&format!("{tokens} McpTokens"));
    let (calls, before, around) = (Calls::so_far(&plane.client()).await?, operator.usage()?, around(plane)?);
    let began = Instant::now();
    let (created, most) =
        tokio::try_join!(site.create_all("token", tokens), site.all_ready(operator, tokens, LONGEST))
            .map(|((), most)| (began.elapsed(), most))?;
    site.settled(operator).await?;
    let (after, later) = (operator.usage()?, self::around(plane)?);
    let calls = Calls::so_far(&plane.client()).await?.since(&calls).without("POST mcptokens");
    let ready = site.count_ready().await?;
    ensure!(ready == tokens, "{ready} of {tokens} are Ready");
    table.row("from nothing to all Ready", seconds(created), "");
    table.row("McpTokens a second", rate(tokens, created), "> 150");
    table.row("memory of the operator, at most", format!("{} MiB", after.peak), "< 100 MiB");
    table.row("memory of the operator, afterwards", format!("{} MiB", operator.usage()?.memory), "");
    table.row("processor time of the operator", seconds(after.cpu.saturating_sub(before.cpu)), "");
    table.row("processor time of API server and etcd", seconds(later.saturating_sub(around)), "");
    table.row("passes at once, at most", format!("{:.0}", most.running), "16");
    let passes = operator.metrics().await?.sum("aurora_mcp_operator_reconcile_duration_seconds_count");
    table.row("passes for an McpToken", each(passes, tokens), "");
    for (call, count) in calls.iter() {
        table.row(format!("`{call}` for an McpToken"), each(count, tokens), "");
    }
    Ok(())
}

/// Processor time of the API server and etcd.
fn around(plane: &ControlPlane) -> Result<Duration> {
    let pids = [plane.pid(), plane.etcd_pid()];
    pids.into_iter().map(|pid| Ok(Usage::of(pid.context("the API server ended")?)?.cpu)).sum()
}

async fn keep(
    plane: &ControlPlane,
    site: &Site<'_>,
    operator: &Program,
    tokens: usize,
    table: &mut Table,
) -> Result<()> {
    let resync = resync::measure(site, &plane.client(), operator, tokens).await?;
    table.row("a resync without changes", seconds(resync.took), "");
    table.row("its processor time in the operator", seconds(resync.cpu), "");
    for (call, count) in resync.calls.iter() {
        table.row(format!("its `{call}` for an McpToken"), each(count, tokens), "");
    }
    table.row("its writes to Kubernetes", format!("{:.0}", resync.calls.writes()), "0");
    table.row("its writes to Postgres, in rows", resync.rows_written.to_string(), "0");
    ensure!(resync.calls.writes() == 0.0 && resync.rows_written == 0, "a resync wrote: {resync:?}");
    Ok(())
}

async fn keep_looking(site: &Site<'_>) -> Infallible {
    loop {
        resync::request(site).await;
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

/// Over a wire that counts, which is slower.
async fn count_statements(plane: &ControlPlane, database: &TestDatabase, table: &mut Table) -> Result<()> {
    say("counting statements");
    let site = Site::new(plane, database, "counted").await?;
    let (wire, port) = Wire::to(site.postgres()?).await?;
    let operator = site.start_operator(Some(("127.0.0.1", port))).await?;
    site.settled(&operator).await?;
    let (statements, waits) = wire.counted();
    tokio::try_join!(site.create_all("token", COUNTED), site.all_ready(&operator, COUNTED, LONGEST))?;
    site.settled(&operator).await?;
    let (more, longer) = wire.counted();
    #[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are small")]
    for (what, count) in [("SQL statements", more - statements), ("waits for Postgres", longer - waits)] {
        table.row(format!("{what} for an McpToken"), each(count as f64, COUNTED), "");
    }
    operator.stop().await
}
