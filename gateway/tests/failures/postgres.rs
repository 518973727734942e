//! Postgres: credentials, a server that is starting, a standby, a server that hangs.

use aurora_mcp_gateway::health::{PostgresProbe, Probe, Reason, Status, Verdict};
use aurora_mcp_store::{Settings, Store};

use crate::bed::{Bed, until};

/// A cluster with Aurora's table, and what comes before its server starts. Process 1 can't be stopped, so bash is that.
fn script(before: &str, settings: &str) -> String {
    format!(
        "set -eu; export PGDATA=/data/pg; initdb -U postgres --no-sync --auth=trust >/dev/null
         echo 'host all postgres all trust' >>$PGDATA/pg_hba.conf
         echo 'host all all all scram-sha-256' >>$PGDATA/pg_hba.conf
         echo 'CREATE TABLE mcp_tokens (id int)' | postgres --single postgres >/dev/null
         {before}
         postgres -c listen_addresses='*' -c unix_socket_directories=/tmp {settings} & wait"
    )
}

async fn check(host: &str, user: &str) -> Verdict {
    let lookup = |name: &str| match name {
        "POSTGRES_HOST" => Some(host.to_owned()),
        "POSTGRES_DB" => Some("postgres".to_owned()),
        "POSTGRES_USER" => Some(user.to_owned()),
        "POSTGRES_PASSWORD" => Some("wrong".to_owned()),
        _ => None,
    };
    let store = Store::connect_lazy(&Settings::from_lookup(lookup).unwrap(), "test", 1);
    PostgresProbe::new(store, host.to_owned(), 5432).check().await
}

async fn server(bed: &Bed, name: &str, before: &str, settings: &str) -> String {
    bed.start(name, "postgres:15", &["bash", "-c", &script(before, settings)], &[]).await
}

#[tokio::test]
async fn a_standby_is_read_only_and_one_that_takes_no_sessions_is_loading() {
    Bed::run(async |bed| {
        let standby = "touch $PGDATA/standby.signal";
        let host = server(bed, "standby", standby, "-c hot_standby=on").await;
        let verdict =
            until(Status::Unhealthy, Reason::ReadOnly, async || check(&host, "postgres").await).await;
        assert_eq!(verdict.detail["in_recovery"], true, "{verdict:?}");

        let host = server(bed, "closed", standby, "-c hot_standby=off").await;
        until(Status::Unhealthy, Reason::Loading, async || check(&host, "postgres").await).await;
    })
    .await;
}

#[tokio::test]
async fn a_wrong_password_and_a_server_that_hangs_are_told_apart() {
    Bed::run(async |bed| {
        let host = server(bed, "primary", "", "").await;
        until(Status::Unhealthy, Reason::Auth, async || check(&host, "aurora").await).await;
        bed.exec("primary", &["bash", "-c", "kill -STOP $(head -n 1 /data/pg/postmaster.pid)"]).await;
        until(Status::Unhealthy, Reason::Timeout, async || check(&host, "postgres").await).await;
        bed.stop("primary").await;
    })
    .await;
}
