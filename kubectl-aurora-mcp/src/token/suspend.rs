//! `suspend` and `resume`: `spec.suspended`, and the operator's answer to it.

use std::io::Write;
use std::time::Duration;

use aurora_mcp_crds::McpToken;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use crate::cluster::Cluster;
use crate::error::Error;
use crate::output::command;
use crate::token::ready::{self, Goal};

/// The operator answers a change in a second or two; a minute means that it is away.
const WAIT: Duration = Duration::from_secs(60);

pub(crate) async fn run(
    cluster: &Cluster,
    name: &str,
    suspended: bool,
    out: &mut dyn Write,
) -> Result<(), Error> {
    cluster.token(name).await?;
    let patch = json!({"spec": {"suspended": suspended}});
    let patched = cluster.api::<McpToken>().patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await;
    patched.map_err(|error| Error::api(format!("change McpToken {name} in {}", cluster.namespace), error))?;
    let is_suspended =
        |token: &McpToken| ready::condition(token, "Ready").is_some_and(|ready| ready.reason == "Suspended");
    if suspended {
        ready::until(cluster, &Goal { name, limit: WAIT, asked: None }, out, is_suspended).await?;
        let resume = command("resume", &cluster.namespace, name);
        writeln!(out, "McpToken {name} is suspended: its token is refused until `{resume}`")?;
    } else {
        ready::wait(cluster, name, WAIT, out).await?;
        writeln!(out, "McpToken {name} works again")?;
    }
    Ok(())
}
