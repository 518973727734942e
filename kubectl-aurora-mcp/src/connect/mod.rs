//! `connect`: from nothing to a client that works.

pub(crate) mod client;
mod file;
mod json;
mod toml;

use std::io::Write;

use aurora_mcp_crds::McpToken;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::cli::Connect;
use crate::cluster::Cluster;
use crate::error::Error;
use crate::forward::{self, Forward, To};
use crate::gateway::Gateway;
use crate::mcp::Mcp;
use crate::token::{bearer, create, ready};

/// A call that goes through to Aurora.
const CALL: &str = "list_incidents";

pub(crate) async fn run(cluster: &Cluster, wanted: &Connect, out: &mut dyn Write) -> Result<(), Error> {
    let file = match &wanted.file {
        Some(file) => file.clone(),
        None => wanted.client.file(wanted.home.as_deref())?,
    };
    // Before anything is made: a file that can't be read is the user's to mend.
    file::check(wanted.client, &file)?;
    let token = ready_token(cluster, wanted, out).await?;
    let bearer = bearer::read(cluster, &token).await?;
    let (url, forward) = way(cluster, wanted, &token).await?;
    let mcp = Mcp::new(&url, bearer.clone())?;
    let stuck =
        |source| Error::Mcp { source, namespace: cluster.namespace.clone(), name: wanted.name.clone() };
    let met = mcp.introduce().await.map_err(stuck)?;
    writeln!(out, "{} answers at {url} with {} tools", met.server, met.tools.len())?;
    writeln!(out, "{}", taken_for(&mcp.read("aurora://whoami").await.map_err(stuck)?))?;
    if met.tools.iter().any(|tool| tool == CALL) {
        mcp.call(CALL).await.map_err(stuck)?;
        writeln!(out, "{CALL} works")?;
    }
    let change = file::write(wanted.client, &file, &url, bearer.expose_secret())?;
    writeln!(out, "{}: {change}", file.display())?;
    if let Some(forward) = forward {
        keep(&forward, wanted, out).await?;
    }
    Ok(())
}

/// The address, where Aurora's database tells it.
fn taken_for(who: &Value) -> String {
    let field = |name: &str| who[name].as_str();
    let user = field("email").or_else(|| field("user_id")).unwrap_or("?");
    format!("it takes you for user {user} of organisation {}", field("org_id").unwrap_or("?"))
}

async fn ready_token(cluster: &Cluster, wanted: &Connect, out: &mut dyn Write) -> Result<McpToken, Error> {
    if cluster.find_token(&wanted.name).await?.is_none() {
        if wanted.spec.user.is_none() {
            return Err(Error::Usage(format!(
                "no McpToken {} in namespace {}; say with -n where it is, or give --user to make one",
                wanted.name, cluster.namespace
            )));
        }
        create::make(cluster, &create::resource(&cluster.namespace, &wanted.name, &wanted.spec)?).await?;
        writeln!(out, "McpToken {} made in namespace {}", wanted.name, cluster.namespace)?;
    }
    ready::wait(cluster, &wanted.name, wanted.wait, out).await
}

/// The address for the client, and what has to stay open for it.
async fn way(
    cluster: &Cluster,
    wanted: &Connect,
    token: &McpToken,
) -> Result<(String, Option<Forward>), Error> {
    if let Some(url) = &wanted.url {
        return Ok((url.clone(), None));
    }
    let gateway = Gateway::of(cluster, token, wanted.gateway_namespace.as_deref()).await?;
    forward::check(&gateway).await?;
    let forward = Forward::open(To::Any(gateway), wanted.port).await?;
    Ok((forward.url(), Some(forward)))
}

async fn keep(forward: &Forward, wanted: &Connect, out: &mut dyn Write) -> Result<(), Error> {
    if wanted.once {
        return Ok(());
    }
    writeln!(out, "{} stays open until Ctrl-C; start or reload {} now", forward.url(), wanted.client.name())?;
    out.flush()?;
    tokio::signal::ctrl_c().await?;
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
enum Change {
    Made,
    Changed(std::path::PathBuf),
    None,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Made => write!(f, "made"),
            Self::Changed(backup) => write!(f, "changed; as it was: {}", backup.display()),
            Self::None => write!(f, "is right as it is"),
        }
    }
}

/// What a client reads.
struct Entry<'a> {
    url: &'a str,
    authorization: SecretString,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn user_is_told_by_address_where_there_is_one() {
        for (who, said) in [
            (
                json!({"email": "eddie@alpha.example", "user_id": "0edd", "org_id": "a1fa"}),
                "user eddie@alpha.example of organisation a1fa",
            ),
            (json!({"email": null, "user_id": "0edd", "org_id": "a1fa"}), "user 0edd of organisation a1fa"),
            (json!({}), "user ? of organisation ?"),
        ] {
            assert_eq!(taken_for(&who), format!("it takes you for {said}"));
        }
    }
}
