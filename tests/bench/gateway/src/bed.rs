//! What all servers need: the upstream, a database with tokens, and the programs.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use aurora_mcp_store::{Settings, Store};
use aurora_mcp_test_database::seed::{ALICE, ALPHA};
use aurora_mcp_test_database::{Login, TestDatabase, VARIABLES};
use serde_json::Value;
use tempfile::TempDir;

use crate::load::Load;
use crate::process::Process;
use crate::server;

const SAMPLE: &str = include_str!("../../../aurora-api/samples/http/incidents_limit0.json");
/// An odd number has a median.
const ROUNDS: usize = 5;
/// The other services of the test bed, under the names that `testbed env` gives them.
const SERVICES: [(&str, &str); 4] = [
    ("TEST_REDIS_URL", "REDIS_URL"),
    ("TEST_WEAVIATE_HOST", "WEAVIATE_HOST"),
    ("TEST_WEAVIATE_PORT", "WEAVIATE_PORT"),
    ("TEST_WEAVIATE_GRPC_PORT", "WEAVIATE_GRPC_PORT"),
];

/// What all servers need.
pub struct Bed {
    /// The upstream's answer: about 700 bytes, as Aurora gave it.
    pub answer: Value,
    pub upstream_port: u16,
    upstream: Option<Process>,
    /// Variables of the gateway: Postgres and the services of the test bed.
    pub variables: Vec<(String, String)>,
    /// The first token.
    pub token: String,
    /// Where our own programs are.
    pub programs: PathBuf,
    /// Where nginx and wrk are.
    pub tools: PathBuf,
    /// How often each load is measured.
    pub rounds: usize,
    pub directory: TempDir,
    pub http: reqwest::Client,
}

impl Bed {
    /// Fills the database with tokens as the operator makes them, and starts the upstream.
    pub async fn start(database: &TestDatabase, tokens: usize) -> anyhow::Result<Self> {
        let sample: Value = serde_json::from_str(SAMPLE)?;
        let program = std::env::current_exe()?;
        let mut bed = Self {
            answer: sample["body"].clone(),
            upstream_port: server::free_port()?,
            upstream: None,
            variables: variables(database)?,
            token: token(0),
            programs: program.parent().context("a program is in a folder")?.to_owned(),
            tools: variable("BENCH_TOOLS")?.into(),
            rounds: variable("BENCH_ROUNDS").map_or(Ok(ROUNDS), |rounds| rounds.parse())?,
            directory: tempfile::tempdir()?,
            http: reqwest::Client::builder().no_proxy().build()?,
        };
        add_tokens(database, tokens).await?;
        let all: Vec<String> = (0..tokens).map(token).collect();
        std::fs::write(bed.tokens(tokens), all.join("\n"))?;
        std::fs::write(bed.tokens(1), token(0))?;
        bed.upstream = Some(server::upstream(&bed, &bed.answer.to_string()).await?);
        Ok(bed)
    }

    /// Load with one token, or with all of them in turn.
    pub fn load(&self, tokens: usize, connections: usize, time: Duration) -> Load {
        Load { tools: self.tools.clone(), tokens: self.tokens(tokens), connections, time }
    }

    fn tokens(&self, count: usize) -> PathBuf {
        self.directory.path().join(format!("tokens-{count}"))
    }
}

/// As long as a real one.
fn token(number: usize) -> String {
    format!("aurora_mcp_{number:064}")
}

/// Rows with digests and limits, and the triggers that announce changes: what the gateway meets beside an operator.
async fn add_tokens(database: &TestDatabase, count: usize) -> anyhow::Result<()> {
    database.grant_roles().await;
    let settings = Settings::from_lookup(|name| database.lookup_as(Login::Operator, name))?;
    let operator = Store::connect_lazy(&settings, "bench", 1);
    operator.migrate().await?;
    operator.close().await;
    let sql = format!(
        "SELECT set_config('myapp.current_org_id', '{ALPHA}', false);
         INSERT INTO mcp_tokens (token, user_id, org_id, name)
         SELECT 'sha256:' || encode(sha256(convert_to('aurora_mcp_' || lpad(n::text, 64, '0'), 'UTF8')), 'hex'),
                '{ALICE}', '{ALPHA}', 'team/bench-' || n
         FROM generate_series(0, {count} - 1) n;
         INSERT INTO aurora_mcp.managed_token
                (token_id, digest, installation, resource_uid, namespace, name, serial, user_id, org_id, access)
         SELECT id, token, 'bench', 'uid-' || id, 'team', name, 1, user_id, org_id, '{{\"mode\": \"ReadOnly\"}}'
         FROM mcp_tokens"
    );
    database.execute_as(Login::Operator, &sql).await;
    Ok(())
}

fn variables(database: &TestDatabase) -> anyhow::Result<Vec<(String, String)>> {
    let mut variables = Vec::new();
    for name in VARIABLES {
        let value = database.lookup_as(Login::Gateway, name).with_context(|| format!("no {name}"))?;
        variables.push((name.to_owned(), value));
    }
    for (ours, theirs) in SERVICES {
        variables.push((theirs.to_owned(), variable(ours)?));
    }
    Ok(variables)
}

#[expect(clippy::disallowed_methods, reason = "the program's whole configuration")]
fn variable(name: &str) -> anyhow::Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set: run `make bench-gateway`"))
}
