//! A database of its own for each test, with Aurora's tables and people, on the server that `TEST_POSTGRES_URL` names.

#![allow(clippy::missing_panics_doc, clippy::expect_used, clippy::panic, reason = "a library for tests")]

mod clock;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, PgConnection};
use url::Url;

const SCHEMA: &str = include_str!("../../testbed/aurora/schema.sql");
const SEED: &str = include_str!("../../testbed/aurora/seed.sql");
const ROLES: &str = include_str!("../../../store/roles.sql");

/// Seeded people and organisations.
pub mod seed {
    /// Admin of Alpha.
    pub const ALICE: &str = "0a11ce00-0000-4000-8000-000000000001";
    /// Editor of Alpha.
    pub const EDDIE: &str = "0eddee00-0000-4000-8000-000000000002";
    /// Admin of Beta.
    pub const BOB: &str = "0b0b0000-0000-4000-8000-000000000004";
    /// Has no organisation.
    pub const NORA: &str = "00000000-0000-4000-8000-000000000005";
    /// Alice's and Eddie's organisation.
    pub const ALPHA: &str = "a1fa0000-0000-4000-8000-00000000000a";
    /// Bob's organisation.
    pub const BETA: &str = "be7a0000-0000-4000-8000-00000000000b";
}

/// A login with the least rights, from `store/roles.sql`; the test bed gives both their passwords.
#[derive(Debug, Clone, Copy)]
pub enum Login {
    /// The operator's.
    Operator,
    /// The gateway's.
    Gateway,
}

/// A database that exists for one test.
#[derive(Debug)]
pub struct TestDatabase {
    url: Url,
    name: String,
}

/// The variables by which a program finds its database: what [`TestDatabase::lookup`] knows.
pub const VARIABLES: [&str; 6] = [
    "POSTGRES_HOST",
    "POSTGRES_PORT",
    "POSTGRES_DB",
    "POSTGRES_USER",
    "POSTGRES_PASSWORD",
    "POSTGRES_SSLMODE",
];

impl TestDatabase {
    /// Makes a database, gives it to the test, and drops it even if the test panics.
    pub async fn run<T>(test: impl AsyncFnOnce(&TestDatabase) -> T) -> T {
        let database = Self::create().await;
        let outcome = AssertUnwindSafe(test(&database)).catch_unwind().await;
        database.drop().await;
        outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    #[expect(clippy::disallowed_methods, reason = "tests find their server by this variable")]
    async fn create() -> Self {
        let url = std::env::var("TEST_POSTGRES_URL")
            .expect("TEST_POSTGRES_URL is not set: run `make services`, or `make test`");
        let url = Url::parse(&url).expect("TEST_POSTGRES_URL is a URL");
        let database = Self { url, name: format!("test_{}", uuid::Uuid::new_v4().simple()) };
        database.on_server(format!("CREATE DATABASE {}", database.name)).await;
        let mut connection = database.connect().await;
        connection.execute(sqlx::raw_sql(SCHEMA)).await.expect("Aurora's tables");
        connection.execute(sqlx::raw_sql(SEED)).await.expect("Aurora's people");
        database
    }

    /// Again, if it can't be done at once: a worker of autovacuum that is in it can't be ended by this role, and goes by itself.
    async fn drop(&self) {
        let dropped = || self.try_on_server(format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        for _ in 0..100 {
            if dropped().await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        dropped().await.expect("the role may drop its databases");
    }

    async fn on_server(&self, sql: String) {
        self.try_on_server(sql).await.expect("the role may create databases");
    }

    async fn try_on_server(&self, sql: String) -> Result<(), sqlx::Error> {
        let mut connection = self.options(None).connect().await.expect("the test server answers");
        connection.execute(AssertSqlSafe(sql)).await.map(drop)
    }

    fn options(&self, database: Option<&str>) -> PgConnectOptions {
        let options: PgConnectOptions =
            self.url.as_str().parse().expect("TEST_POSTGRES_URL is a Postgres URL");
        match database {
            Some(name) => options.database(name),
            None => options,
        }
    }

    /// A plain connection as the role that owns Aurora's tables, for looking behind the store's back.
    pub async fn connect(&self) -> PgConnection {
        self.options(Some(&self.name)).connect().await.expect("the test database answers")
    }

    /// Runs statements as the owner.
    pub async fn execute(&self, sql: &str) {
        let mut connection = self.connect().await;
        connection
            .execute(AssertSqlSafe(sql.to_owned()))
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Runs a statement as the owner with rows of every organisation in sight, as Aurora's own MCP server would.
    pub async fn execute_as_resolver(&self, sql: &str) {
        let mut connection = self.connect().await;
        connection.execute("SET myapp.mcp_token_resolve = 'true'").await.expect("a setting");
        connection
            .execute(AssertSqlSafe(sql.to_owned()))
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Runs statements as one of the logins with the least rights.
    pub async fn execute_as(&self, login: Login, sql: &str) {
        let as_login = |name| self.lookup_as(login, name).unwrap_or_default();
        let options = self.options(Some(&self.name));
        let options = options.username(&as_login("POSTGRES_USER")).password(&as_login("POSTGRES_PASSWORD"));
        let mut connection = options.connect().await.expect("the login is known");
        connection
            .execute(AssertSqlSafe(sql.to_owned()))
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Adds a token in clear, as Aurora's own page does.
    pub async fn add_clear(&self, token: &str, user: &str, org: &str) {
        let mut connection = self.connect().await;
        let set = sqlx::query("SELECT set_config('myapp.current_org_id', $1, false)").bind(org);
        set.execute(&mut connection).await.expect("a setting");
        let insert = sqlx::query(
            "INSERT INTO mcp_tokens (token, user_id, org_id, name) VALUES ($1, $2, $3, 'by hand')",
        );
        insert.bind(token).bind(user).bind(org).execute(&mut connection).await.expect("a row");
    }

    /// Gives all later sessions a time zone, as an administrator would.
    pub async fn set_time_zone(&self, zone: &str) {
        self.execute(&format!("ALTER DATABASE {} SET timezone = '{zone}'", self.name)).await;
    }

    /// The one value of a query, as text, with all rows of `mcp_tokens` in sight; `None` for NULL or no row.
    pub async fn value(&self, sql: &str) -> Option<String> {
        let mut connection = self.connect().await;
        connection.execute("SET myapp.mcp_token_resolve = 'true'").await.expect("a setting");
        let zone = "SELECT set_config('TimeZone', split_part(entry, '=', 2), false)
                    FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) AS entry
                    WHERE d.datname = current_database() AND entry ILIKE 'timezone=%'";
        connection.execute(zone).await.expect("the zone that a plain session has");
        let sql = AssertSqlSafe(format!("SELECT ({sql})::text"));
        sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Gives the logins of the operator and the gateway their rights in this database, as the documentation says.
    pub async fn grant_roles(&self) {
        self.connect().await.execute(sqlx::raw_sql(ROLES)).await.expect("the roles exist on the test server");
    }

    /// What `Settings::from_lookup` asks for, to reach this database with the least rights. See [`Login`].
    pub fn lookup_as(&self, login: Login, name: &str) -> Option<String> {
        let (user, password) = match login {
            Login::Operator => ("aurora_mcp_operator", "testbed-operator"),
            Login::Gateway => ("aurora_mcp_gateway", "testbed-gateway"),
        };
        match name {
            "POSTGRES_USER" => Some(user.to_owned()),
            "POSTGRES_PASSWORD" => Some(password.to_owned()),
            name => self.lookup(name),
        }
    }

    /// What `Settings::from_lookup` asks for, to reach this database.
    pub fn lookup(&self, name: &str) -> Option<String> {
        let url = &self.url;
        match name {
            "POSTGRES_HOST" => url.host_str().map(str::to_owned),
            "POSTGRES_PORT" => url.port().map(|port| port.to_string()),
            "POSTGRES_DB" => Some(self.name.clone()),
            "POSTGRES_USER" => Some(url.username().to_owned()),
            "POSTGRES_PASSWORD" => url.password().map(str::to_owned),
            "POSTGRES_SSLMODE" => Some("disable".to_owned()),
            _ => None,
        }
    }
}
