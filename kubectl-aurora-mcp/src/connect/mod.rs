//! `connect`: from nothing to a client that works.

pub(crate) mod client;
mod file;
mod json;
mod toml;

use std::io::Write;

use aurora_mcp_crds::McpToken;
use secrecy::{ExposeSecret as _, SecretString};

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
    let met = mcp.introduce().await?;
    writeln!(out, "{} answers at {url} with {} tools", met.server, met.tools.len())?;
    let who = mcp.read("aurora://whoami").await?;
    let field = |name: &str| who[name].as_str().unwrap_or("?").to_owned();
    writeln!(out, "it takes you for user {} of organisation {}", field("user_id"), field("org_id"))?;
    if met.tools.iter().any(|tool| tool == CALL) {
        mcp.call(CALL).await?;
        writeln!(out, "{CALL} works")?;
    }
    let change = file::write(wanted.client, &file, &url, bearer.expose_secret())?;
    writeln!(out, "{}: {change}", file.display())?;
    if let Some(forward) = forward {
        keep(&forward, wanted, out).await?;
    }
    Ok(())
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
