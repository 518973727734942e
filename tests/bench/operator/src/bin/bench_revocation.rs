//! Tokens that are revoked while several gateways know them. `BENCH_REVOCATIONS` says how many; prints Markdown.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use anyhow::Result;
use aurora_mcp_bench_operator::apply::bearer;
use aurora_mcp_bench_operator::gateways::Gateway;
use aurora_mcp_bench_operator::narrow::narrow;
use aurora_mcp_bench_operator::report::{Table, Times, print_machine, say};
use aurora_mcp_bench_operator::revoke::{Notes, Revocation, revoke};
use aurora_mcp_bench_operator::settings::number;
use aurora_mcp_bench_operator::site::Site;
use aurora_mcp_store::{Bearer, TokenDigest};
use aurora_mcp_test_control_plane::ControlPlane;
use aurora_mcp_test_database::TestDatabase;
use aurora_mcp_test_database::seed::{ALICE, ALPHA};
use kube::api::DeleteParams;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};

const REPLICAS: usize = 3;
const AIM: &str = "p99 < 100 ms";

#[tokio::main]
async fn main() -> Result<()> {
    let count = number("BENCH_REVOCATIONS", 500);
    let plane = ControlPlane::start().await?;
    print_machine();
    let mut table = Table::new(format!("Revocation, {REPLICAS} gateways, {count} tokens each way"));
    TestDatabase::run(async |database| measure(&plane, database, count, &mut table).await).await?;
    table.print();
    Ok(())
}

async fn measure(
    plane: &ControlPlane,
    database: &TestDatabase,
    count: usize,
    table: &mut Table,
) -> Result<()> {
    let site = Site::new(plane, database, "revoked").await?;
    let operator = site.start_operator(None).await?;
    let mut notes = Notes::of(database).await;
    let mut gateways = Vec::new();
    for number in 0..REPLICAS {
        gateways.push(Gateway::start(plane, database, number).await?);
    }
    say("revoked in Aurora");
    let in_aurora = in_aurora(database, &mut notes, &gateways, count).await?;
    add(table, "row revoked in Aurora until 401", &in_aurora);
    say("deleted in Kubernetes");
    tokio::try_join!(site.create_all("token", count), site.all_ready(&operator, count, 120))?;
    site.settled(&operator).await?;
    let deleted = deleted(&site, &mut notes, &gateways, count).await?;
    add(table, "row revoked after `kubectl delete` until 401", &deleted);
    let asked = deleted.iter().map(|one| one.asked).collect();
    table.row("`kubectl delete` until 401 everywhere", Times::new(asked).summary(), "");
    say("access changed in Kubernetes");
    tokio::try_join!(site.create_all("narrowed", count), site.all_ready(&operator, 2 * count, 120))?;
    site.settled(&operator).await?;
    let mut narrowed = Vec::with_capacity(count);
    for number in 0..count {
        narrowed.push(narrow(&site, &gateways, &format!("narrowed-{number}"), number).await?);
    }
    table.row(
        "`spec.access` changed until no replica lists a tool that was taken away",
        Times::new(narrowed).summary(),
        "p99 < 1 s",
    );
    operator.stop().await
}

fn add(table: &mut Table, what: &str, all: &[Revocation]) {
    let one = all.iter().flat_map(|one| one.replicas.iter().copied()).collect();
    table.row(format!("{what} at a replica, p50 / p99 / longest"), Times::new(one).summary(), "");
    let everywhere = all.iter().map(Revocation::everywhere).collect();
    table.row(format!("{what} at every replica"), Times::new(everywhere).summary(), AIM);
}

/// Tokens in clear, as Aurora's own page makes and revokes them.
async fn in_aurora(
    database: &TestDatabase,
    notes: &mut Notes,
    gateways: &[Gateway],
    count: usize,
) -> Result<Vec<Revocation>> {
    let mut aurora = database.connect().await;
    let make = format!(
        "SET myapp.current_org_id = '{ALPHA}';
         INSERT INTO mcp_tokens (token, user_id, org_id, name)
         SELECT 'aurora_mcp_bench_' || n, '{ALICE}', '{ALPHA}', 'bench' FROM generate_series(0, {count}) AS n"
    );
    aurora.execute(AssertSqlSafe(make)).await?;
    let mut all = Vec::with_capacity(count);
    for number in 0..count {
        let token = format!("aurora_mcp_bench_{number}");
        let act = revoke_row(&mut aurora, &token);
        all.push(revoke(notes, gateways, &token, &token, number, act).await?);
    }
    Ok(all)
}

async fn revoke_row(aurora: &mut PgConnection, token: &str) -> Result<()> {
    let sql = "UPDATE mcp_tokens SET status = 'revoked' WHERE token = $1";
    sqlx::query(sql).bind(token).execute(aurora).await?;
    Ok(())
}

/// Tokens of McpTokens, which the operator revokes.
async fn deleted(
    site: &Site<'_>,
    notes: &mut Notes,
    gateways: &[Gateway],
    count: usize,
) -> Result<Vec<Revocation>> {
    let (tokens, secrets) = (site.tokens(), site.secrets());
    let mut all = Vec::with_capacity(count);
    for number in 0..count {
        let name = format!("token-{number}");
        let bearer: Bearer = bearer(&secrets, &name).await?;
        let stored = TokenDigest::of(bearer.expose()).to_string();
        let act = async {
            tokens.delete(&name, &DeleteParams::default()).await?;
            Ok(())
        };
        all.push(revoke(notes, gateways, bearer.expose(), &stored, number + count, act).await?);
    }
    Ok(all)
}
