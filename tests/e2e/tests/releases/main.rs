//! Releases of the chart, for real: every set of values in charts/aurora-mcp/ci, and what becomes of tokens when a release changes.
//! They take the place of the one that `make install` made; `make chart-ci` brings that one back.

mod certificate;
mod life;
mod own_tls;
mod service;
mod sets;

use anyhow::{Result, ensure};
use aurora_mcp_e2e::Gateway;
use serde_json::json;

const ALICE: &str = "alice@alpha.example";

/// A real call, through to Aurora.
async fn calls(gateway: &Gateway, bearer: &str) -> Result<()> {
    let answer = gateway.session(bearer).call("list_incidents", json!({})).await?;
    ensure!(!answer.is_error && answer.content["incidents"].is_array(), "{}", answer.text);
    Ok(())
}
