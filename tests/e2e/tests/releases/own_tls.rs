//! The gateway's own TLS, as only a cluster shows it. That the probes speak it, the installation has shown by then.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use aurora_mcp_e2e::{Cluster, Gateway, cluster::NAMESPACE, eventually, gateway::PODS, release::helm};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{calls, certificate};

/// Plain HTTP is told what to write; the plugin gets through; a renewed certificate is served by the pods that are there.
pub async fn holds(cluster: &Cluster, service: &str, port: u16, secret: &str, bearer: &str) -> Result<()> {
    let plain = Gateway::open_service(service, port).await?;
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let reply = plain.post(Some(&format!("Bearer {bearer}")), &list).await?;
    let said: Value = serde_json::from_str(&reply.body).with_context(|| reply.body.clone())?;
    ensure!(reply.status == 400 && said["error"] == "https_needed", "plain HTTP: {} {said}", reply.status);
    ensure!(said["message"].as_str().is_some_and(|text| text.contains("https://")), "{said}");

    plugin_connects("ci-token").await?;

    let before = restarts(cluster).await?;
    let authority = certificate::issue(cluster, secret).await?;
    // The kubelet brings it within a minute or so, the gateway looks every ten seconds.
    let renewed = async || {
        for gateway in Gateway::open_each_tls(cluster, service, &authority).await? {
            calls(&gateway, bearer).await?;
        }
        Ok(())
    };
    eventually("the renewed certificate on every pod", 150, renewed).await?;
    ensure!(restarts(cluster).await? == before, "pods were replaced or restarted");
    helm("test", &["--timeout=120s"]).await.context("with the renewed ca.crt")?;
    Ok(())
}

/// The gateway's pods, and how often each was restarted.
async fn restarts(cluster: &Cluster) -> Result<String> {
    let each = "{range .items[*]}{.metadata.uid} {.status.containerStatuses[0].restartCount}{\"\\n\"}{end}";
    let output = format!("jsonpath={each}");
    cluster.kubectl(&["get", "pods", "-n", NAMESPACE, "-l", PODS, "-o", &output]).await
}

/// `kubectl aurora-mcp connect` and `doctor`, through a port-forward of their own.
async fn plugin_connects(token: &str) -> Result<()> {
    let home = tempfile::tempdir()?;
    let connect = ["connect", token, "--client", "cursor", "--port", "0", "--once"];
    for (arguments, shown) in
        [(&connect[..], "list_incidents works"), (&["doctor", token], "Nothing is wrong.")]
    {
        let output = Command::new(plugin()?)
            .args(["-n", NAMESPACE])
            .args(arguments)
            .env("HOME", home.path())
            .stdin(Stdio::null())
            .output()
            .await
            .context("starting the plugin: `make chart-ci` builds it")?;
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        ensure!(output.status.success() && said[0].contains(shown), "{arguments:?}: {said:?}");
    }
    Ok(())
}

/// The program that cargo has built beside this one.
fn plugin() -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let folder = here.parent().and_then(|deps| deps.parent()).context("there is no folder of programs")?;
    Ok(folder.join("kubectl-aurora_mcp"))
}
