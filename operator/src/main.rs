//! Parses the configuration and starts the library.

use aurora_mcp_operator::{Config, environment, run};
use aurora_mcp_telemetry::{Settings, init};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let telemetry =
        init(&Settings::from_lookup("aurora-mcp-operator", env!("CARGO_PKG_VERSION"), environment)?)?;
    let config = Config::from_lookup(environment)?;
    let outcome = run(config).await;
    telemetry.shutdown();
    outcome
}
