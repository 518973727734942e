//! `revoke`: deletes the McpToken, and returns when no replica of the gateway accepts its token any more.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use aurora_mcp_crds::{DeletionPolicy, McpToken};
use futures::future::join_all;
use kube::api::{DeleteParams, Preconditions};
use secrecy::SecretString;
use tokio::time::{Instant, sleep};

use crate::cli::Revoke;
use crate::cluster::Cluster;
use crate::error::Error;
use crate::forward::{Forward, To};
use crate::gateway::Gateway;
use crate::mcp::{Mcp, McpError};
use crate::output::command;
use crate::token::bearer;

/// Between two questions to the same replica.
const PAUSE: Duration = Duration::from_millis(50);

/// A replica that can be asked.
struct Replica {
    mcp: Mcp,
    refused: bool,
    _forward: Forward,
}

pub(crate) async fn run(cluster: &Cluster, wanted: &Revoke, out: &mut dyn Write) -> Result<(), Error> {
    let name = &wanted.name;
    let token = cluster.token(name).await?;
    if token.spec.deletion_policy == DeletionPolicy::Retain {
        return Err(Error::Usage(format!(
            "McpToken {name} has deletionPolicy Retain: its token would go on working. Set it to Revoke first, or stop it with `{}`.",
            command("suspend", &cluster.namespace, name)
        )));
    }
    let untouched = |error: Error| Error::Unmeasured {
        why: error.to_string(),
        name: name.clone(),
        namespace: cluster.namespace.clone(),
    };
    let bearer = bearer::read(cluster, &token).await.map_err(untouched)?;
    let gateway =
        Gateway::of(cluster, &token, wanted.gateway_namespace.as_deref()).await.map_err(untouched)?;
    let mut replicas = BTreeMap::new();
    // The way to each is open before the clock starts.
    ask(&gateway, &bearer, &mut replicas).await?;
    let start = Instant::now();
    delete(cluster, &token).await?;
    while !ask(&gateway, &bearer, &mut replicas).await?
        || (replicas.is_empty() && cluster.find_token(name).await?.is_some())
    {
        if start.elapsed() >= wanted.wait {
            let accepting = replicas.iter().filter(|(_, replica)| !replica.refused);
            let names: Vec<&str> = accepting.map(|(name, _)| name.as_str()).collect();
            return Err(Error::StillAccepted { limit: wanted.wait.as_secs(), replicas: names.join(", ") });
        }
        sleep(PAUSE).await;
    }
    let seconds = start.elapsed().as_secs_f64();
    writeln!(
        out,
        "McpToken {name} deleted; {} refused its token {seconds:.2} s later",
        count(replicas.len())
    )?;
    Ok(())
}

fn count(replicas: usize) -> String {
    match replicas {
        // None runs; what is left is the row, which the resource waits for.
        0 => "Aurora's database".to_owned(),
        1 => "the only replica of the gateway".to_owned(),
        all => format!("all {all} replicas of the gateway"),
    }
}

/// This very one: another of that name, made meanwhile, is left alone.
async fn delete(cluster: &Cluster, token: &McpToken) -> Result<(), Error> {
    let name = token.metadata.name.as_deref().unwrap_or_default();
    let this = Preconditions { uid: token.metadata.uid.clone(), resource_version: None };
    let deleted = cluster.api::<McpToken>().delete(name, &DeleteParams::default().preconditions(this)).await;
    deleted.map_err(|error| Error::api(format!("delete McpToken {name} in {}", cluster.namespace), error))?;
    Ok(())
}

/// Asks every replica there is now; true if all refuse. One that came meanwhile is asked, too; one that went isn't.
async fn ask(
    gateway: &Gateway,
    bearer: &SecretString,
    replicas: &mut BTreeMap<String, Replica>,
) -> Result<bool, Error> {
    let pods = gateway.pods().await?.all;
    replicas.retain(|name, _| pods.iter().any(|pod| pod.name == *name));
    for pod in pods {
        if !replicas.contains_key(&pod.name) {
            let name = pod.name.clone();
            let forward = Forward::open(To::Pod(gateway.clone(), pod), 0).await?;
            let mcp = Mcp::new(&forward.url(), bearer.clone())?;
            replicas.insert(name, Replica { mcp, refused: false, _forward: forward });
        }
    }
    let open = replicas.values_mut().filter(|replica| !replica.refused);
    join_all(open.map(async |replica| {
        let answer = replica.mcp.ping().await;
        // 429 and 503 say nothing of the token.
        replica.refused = matches!(answer, Err(McpError::Refused { status: 401, .. }));
    }))
    .await;
    Ok(replicas.values().all(|replica| replica.refused))
}
