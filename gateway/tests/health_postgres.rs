//! The probe of Postgres against a real Postgres.

#![expect(clippy::unwrap_used, reason = "a test may")]

use aurora_mcp_gateway::health::{PostgresProbe, Probe, Reason, Status, Verdict};
use aurora_mcp_store::{Program, Settings, Store};
use aurora_mcp_test_database::{Login, TestDatabase};

/// Checks with one variable changed.
async fn check(database: &TestDatabase, name: &str, value: &str) -> Verdict {
    let lookup = |wanted: &str| if wanted == name { Some(value.to_owned()) } else { database.lookup(wanted) };
    let store = Store::connect_lazy(&Settings::from_lookup(lookup).unwrap(), "test", 1);
    let host = lookup("POSTGRES_HOST").unwrap();
    let port = lookup("POSTGRES_PORT").map_or(5432, |port| port.parse().unwrap());
    PostgresProbe::new(store, host, port).check().await
}

async fn closed_port() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port().to_string()
}

#[tokio::test]
async fn a_working_postgres_is_healthy_and_tells_its_version() {
    TestDatabase::run(async |database| {
        let verdict = check(database, "", "").await;
        assert_eq!(verdict.status, Status::Healthy, "{verdict:?}");
        assert!(verdict.detail["version"].as_str().unwrap().contains('.'));
    })
    .await;
}

#[tokio::test]
async fn a_read_only_database_is_told_apart() {
    TestDatabase::run(async |database| {
        let name = database.lookup("POSTGRES_DB").unwrap();
        database.execute(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await;
        let verdict = check(database, "", "").await;
        assert_eq!((verdict.status, verdict.reason), (Status::Unhealthy, Reason::ReadOnly), "{verdict:?}");
    })
    .await;
}

#[tokio::test]
async fn missing_tables_are_told_apart() {
    TestDatabase::run(async |database| {
        database.execute("DROP TABLE mcp_tokens CASCADE").await;
        let verdict = check(database, "", "").await;
        assert_eq!(
            (verdict.status, verdict.reason),
            (Status::Unhealthy, Reason::SchemaMissing),
            "{verdict:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn each_grant_that_the_gateways_login_lacks_is_named() {
    TestDatabase::run(async |database| {
        database.grant_roles().await;
        let settings = Settings::from_lookup(|name| database.lookup_as(Login::Gateway, name)).unwrap();
        let mut probe = PostgresProbe::new(Store::connect_lazy(&settings, "test", 1), "db".into(), 5432);
        assert_eq!(probe.check().await.status, Status::Healthy);
        database.execute("REVOKE SELECT (org_id) ON users FROM aurora_mcp_gateway").await;
        let verdict = probe.check().await;
        assert_eq!((verdict.status, verdict.reason), (Status::Degraded, Reason::Permission), "{verdict:?}");
        let grant = "GRANT SELECT (id, org_id) ON public.users TO aurora_mcp_gateway";
        assert!(verdict.message.contains(grant), "{verdict:?}");
        assert_eq!(verdict.detail["missing_grants"][0], grant);
    })
    .await;
}

#[tokio::test]
async fn the_address_of_users_must_be_readable_only_where_it_is_compared() {
    TestDatabase::run(async |database| {
        database.grant_roles().await;
        let settings = Settings::from_lookup(|name| database.lookup_as(Login::Gateway, name)).unwrap();
        let probe = || PostgresProbe::new(Store::connect_lazy(&settings, "test", 1), "db".into(), 5432);
        let mut behind_proxy = probe().for_program(Program::GatewayBehindProxy);
        assert_eq!(behind_proxy.check().await.status, Status::Healthy);
        database.execute("REVOKE SELECT (email) ON users FROM aurora_mcp_gateway").await;
        assert_eq!(probe().check().await.status, Status::Healthy);
        let grant = "GRANT SELECT (email) ON public.users TO aurora_mcp_gateway";
        assert_eq!(behind_proxy.check().await.detail["missing_grants"][0], grant);
    })
    .await;
}

#[tokio::test]
async fn unannounced_changes_are_said() {
    TestDatabase::run(async |database| {
        let verdict = check(database, "", "").await;
        assert!(verdict.message.contains("not announced"), "nobody made the triggers: {verdict:?}");
        assert_eq!(verdict.detail["changes_announced"], false);
    })
    .await;
}

#[tokio::test]
async fn a_closed_port_an_unknown_name_and_an_unknown_database_are_told_apart() {
    TestDatabase::run(async |database| {
        let refused = check(database, "POSTGRES_PORT", &closed_port().await).await;
        assert_eq!((refused.status, refused.reason), (Status::Unhealthy, Reason::Refused), "{refused:?}");
        let unknown = check(database, "POSTGRES_HOST", "no-such-host.invalid").await;
        assert_eq!(unknown.reason, Reason::Dns, "{unknown:?}");
        let missing = check(database, "POSTGRES_DB", "no_such_database").await;
        assert_eq!(missing.reason, Reason::SchemaMissing, "{missing:?}");
    })
    .await;
}
