//! Every set of values in charts/aurora-mcp/ci.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use aurora_mcp_e2e::{
    Cluster, Gateway, Token,
    cluster::NAMESPACE,
    release::{self, helm, repository},
    scene,
};
use serde_json::{Value, json};

use crate::{ALICE, calls, certificate, own_tls};

#[tokio::test]
async fn every_set_of_values_installs_and_serves_a_token() -> Result<()> {
    let mut sets = Vec::new();
    for entry in std::fs::read_dir(repository("charts/aurora-mcp/ci"))? {
        sets.push(entry?.path());
    }
    sets.sort();
    ensure!(sets.len() >= 5, "only {} sets of values were found", sets.len());
    for set in sets {
        let name = set.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        scene(async |cluster| installed(cluster, &set).await).await.with_context(|| name)?;
    }
    Ok(())
}

/// One set: installed on a clean cluster, a token, a call, `helm test`, and uninstalled.
async fn installed(cluster: &Cluster, set: &Path) -> Result<()> {
    let values: Value = serde_yaml_ng::from_slice(&std::fs::read(set)?)?;
    let value = |path: &str| values.pointer(path).and_then(Value::as_str);
    release::uninstall().await?;
    for namespace in values["watchNamespaces"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if namespace != NAMESPACE {
            let object =
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}).to_string();
            cluster.created("namespace", NAMESPACE, namespace);
            cluster.kubectl_with(&["apply", "-f", "-"], &object).await?;
        }
    }
    let certificate = value("/gateway/tls/secret");
    let authority = match certificate {
        Some(secret) => Some(certificate::issue(cluster, secret).await?),
        None => None,
    };
    release::install(&[&format!("--values={}", set.display())]).await?;

    let namespace = value("/operator/tenants/0/namespace").unwrap_or(NAMESPACE);
    let spec = json!({"user": {"email": ALICE}, "ttl": "1h"});
    let token = Token::apply(cluster, namespace, "ci-token", &spec).await?;
    token.wait_ready().await?;
    let secret = token.secret().await?;
    let service = value("/gateway/service/name").unwrap_or("aurora-oss-mcp");
    let port = values.pointer("/gateway/service/port").and_then(Value::as_u64).unwrap_or(8811);
    let port = u16::try_from(port)?;
    let gateway = match &authority {
        Some(authority) => Gateway::open_tls(service, port, authority).await?,
        None => Gateway::open_service(service, port).await?,
    };
    let scheme = if authority.is_some() { "https" } else { "http" };
    let inside = format!("{scheme}://{service}.{NAMESPACE}.svc.cluster.local:{port}/mcp");
    let url = value("/gateway/url").unwrap_or(&inside);
    ensure!(secret["url"] == url, "the Secret says {}, not {url}", secret["url"]);
    calls(&gateway, &secret["token"]).await?;
    if value("/helmTest/user").is_some() {
        helm("test", &["--timeout=120s"]).await?;
    }
    if let Some(certificate) = certificate {
        own_tls::holds(cluster, service, port, certificate, &secret["token"]).await?;
    }
    token.delete().await?;
    release::uninstall().await
}
