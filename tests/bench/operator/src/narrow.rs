//! How long an McpToken's former access lasts after `spec.access` was changed.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures::future::try_join_all;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use crate::apply::bearer;
use crate::gateways::Gateway;
use crate::site::Site;

const LOOK: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(30);
const LEFT: &str = "list_incidents";
const ERROR: &str = "\"error\"";
const TAKEN: &str = "\"get_incident\"";

/// Leaves a token one tool, and returns how long it takes until no replica lists a tool that was taken away. Every replica knows the
/// token before.
pub async fn narrow(site: &Site<'_>, gateways: &[Gateway], name: &str, client: usize) -> Result<Duration> {
    let bearer = bearer(&site.secrets(), name).await?;
    for tools in try_join_all(gateways.iter().map(|gateway| gateway.tools(bearer.expose(), client))).await? {
        ensure!(tools.contains(TAKEN), "the tool is not there before it is taken away: {tools}");
    }
    let began = Instant::now();
    let change = Patch::Merge(json!({"spec": {"access": {"tools": [LEFT]}}}));
    let done = try_join_all(gateways.iter().map(|gateway| taken(gateway, bearer.expose(), client)));
    let (tokens, params) = (site.tokens(), PatchParams::default());
    let changed = async { Ok(tokens.patch(name, &params, &change).await?) };
    tokio::try_join!(changed, done)?;
    Ok(began.elapsed())
}

async fn taken(gateway: &Gateway, bearer: &str, client: usize) -> Result<()> {
    let wait = async {
        loop {
            let tools = gateway.tools(bearer, client).await?;
            ensure!(tools.contains(LEFT) && !tools.contains(ERROR), "the other tool went, too: {tools}");
            if !tools.contains(TAKEN) {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(LONGEST, wait).await.context("a tool that was taken away is still there")?
}
