//! `doctor`: one hop after the other, from the API server to an answer of Aurora.

mod before;
mod finding;
mod installation;
mod judge;
mod operator;
mod route;
mod token;

use std::io::Write;

use tokio::time::{Instant, sleep};

use crate::cli::Doctor;
use crate::cluster::Cluster;
use crate::error::Error;
use crate::output::{self, Format};

use finding::Finding;

/// Between two examinations while waiting.
const PAUSE: std::time::Duration = std::time::Duration::from_secs(2);

/// True: nothing is wrong.
pub(crate) async fn run(cluster: &Cluster, wanted: &Doctor, out: &mut dyn Write) -> Result<bool, Error> {
    let end = Instant::now() + wanted.wait;
    let mut findings = examine(cluster, wanted).await;
    while !finding::well(&findings) && Instant::now() < end {
        sleep(PAUSE).await;
        findings = examine(cluster, wanted).await;
    }
    match wanted.output {
        Format::Text => write!(out, "{}", finding::text(&findings))?,
        Format::Json => {
            let report = serde_json::json!({"well": finding::well(&findings), "findings": findings});
            output::json(out, &report)?;
        }
    }
    Ok(finding::well(&findings))
}

async fn examine(cluster: &Cluster, wanted: &Doctor) -> Vec<Finding> {
    let mut findings = vec![before::version(cluster).await];
    if !finding::well(&findings) {
        return findings;
    }
    if wanted.pre {
        findings.extend(before::examine(cluster, &wanted.aurora_release).await);
        return findings;
    }
    findings.push(installation::crd(cluster).await);
    if !finding::well(&findings) {
        return findings;
    }
    match &wanted.name {
        Some(name) => findings.extend(token::examine(cluster, name, wanted).await),
        None => findings.extend(installation::examine(cluster, wanted).await),
    }
    findings
}
