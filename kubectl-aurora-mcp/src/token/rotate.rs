//! `rotate`: asks for a new token and waits for it.

use std::io::Write;
use std::time::Duration;

use aurora_mcp_crds::{McpToken, ROTATE_ANNOTATION};
use kube::api::{Patch, PatchParams};
use serde_json::json;

use crate::clock;
use crate::cluster::Cluster;
use crate::error::Error;
use crate::token::ready::{self, Goal};
use crate::token::refusal::Remedy;

pub(crate) async fn run(
    cluster: &Cluster,
    name: &str,
    wait: Duration,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let before = serial(&cluster.token(name).await?);
    // Any new value counts once; the time to the nanosecond is new.
    let patch = json!({"metadata": {"annotations": {ROTATE_ANNOTATION: clock::now().to_string()}}});
    let doing = || format!("change McpToken {name} in {}", cluster.namespace);
    let patched = cluster.api::<McpToken>().patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await;
    patched.map_err(|error| Error::api(doing(), error))?;
    let goal = Goal { name, limit: wait, asked: Some(Remedy::Rotate) };
    let is_new = |token: &McpToken| serial(token) > before && ready::is_ready(token);
    let token = ready::until(cluster, &goal, out, is_new).await?;
    let status = token.status.unwrap_or_default();
    writeln!(
        out,
        "New token {} in Secret {}",
        status.token_preview.unwrap_or_default(),
        status.secret_name.unwrap_or_default()
    )?;
    match status.previous_token {
        Some(previous) => writeln!(out, "The one before it works until {}", previous.expires_at.0)?,
        None => writeln!(out, "The one before it no longer works")?,
    }
    Ok(())
}

fn serial(token: &McpToken) -> i64 {
    token.status.as_ref().and_then(|status| status.serial).unwrap_or(0)
}
