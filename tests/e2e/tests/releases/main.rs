//! Releases of the chart, for real: every set of values in charts/aurora-mcp/ci, and what becomes of tokens when a release changes.
//! They take the place of the one that `make install` made; `make chart-ci` brings that one back.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use aurora_mcp_e2e::{
    Cluster, Gateway, Token,
    cluster::NAMESPACE,
    release::{self, helm, repository},
    scene, sql,
    token::digest,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};

const ALICE: &str = "alice@alpha.example";

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
    let authority = match value("/gateway/tls/secret") {
        Some(secret) => Some(certificate(cluster, secret).await?),
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
    token.delete().await?;
    release::uninstall().await
}

/// A real call, through to Aurora.
async fn calls(gateway: &Gateway, bearer: &str) -> Result<()> {
    let answer = gateway.session(bearer).call("list_incidents", json!({})).await?;
    ensure!(!answer.is_error && answer.content["incidents"].is_array(), "{}", answer.text);
    Ok(())
}

/// A Secret as cert-manager makes it, for the name of the gateway's Service; returns the authority's certificate.
async fn certificate(cluster: &Cluster, name: &str) -> Result<String> {
    let (key, its_own) = (KeyPair::generate()?, KeyPair::generate()?);
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = authority.self_signed(&its_own)?.pem();
    let host = format!("aurora-oss-mcp.{NAMESPACE}.svc.cluster.local");
    let issued = CertificateParams::new(vec![host])?.signed_by(&key, &Issuer::new(authority, its_own))?;
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "stringData": {"tls.crt": issued.pem(), "tls.key": key.serialize_pem(), "ca.crt": root},
    });
    cluster.created("secret", NAMESPACE, name);
    cluster.kubectl_with(&["apply", "-f", "-"], &secret.to_string()).await?;
    Ok(root)
}

#[tokio::test]
async fn upgrade_rollback_and_uninstall_lose_no_token() -> Result<()> {
    scene(async |cluster| {
        release::uninstall().await?;
        release::install(&[]).await?;
        let token = Token::ready(cluster, "ci-keeper", ALICE).await?;
        let (bearer, id) = (token.bearer().await?, token_id(&token).await?);
        let same = async |step: &str| -> Result<()> {
            token.wait_ready().await.context(step.to_owned())?;
            calls(&Gateway::open().await?, &bearer).await.context(step.to_owned())?;
            ensure!(token.bearer().await? == bearer, "{step}: the Secret holds another token");
            ensure!(token_id(&token).await? == id, "{step}: there is another row");
            Ok(())
        };
        same("installed").await?;
        release::install(&["--set=gateway.askWait=30s,operator.replicas=2,log.filter=debug"]).await?;
        same("upgraded").await?;
        helm("rollback", &["--wait", "--timeout=120s"]).await?;
        same("rolled back").await?;
        release::uninstall().await?;
        ensure!(token.bearer().await? == bearer, "uninstalled: the Secret is gone or another");
        let row = format!("SELECT status FROM mcp_tokens WHERE token = '{}'", digest(&bearer));
        let status = sql::value(cluster, &row).await?;
        ensure!(status == "active", "uninstalled: the row is '{status}'");
        release::install(&[]).await?;
        same("installed again").await?;
        token.delete().await
    })
    .await
}

async fn token_id(token: &Token<'_>) -> Result<Value> {
    let id = token.object().await?.data["status"]["tokenId"].clone();
    ensure!(!id.is_null(), "the status names no row");
    Ok(id)
}

#[tokio::test]
async fn beside_auroras_own_mcp_server_the_value_that_helps_is_named_and_helps() -> Result<()> {
    scene(async |cluster| {
        release::uninstall().await?;
        let owner =
            json!({"meta.helm.sh/release-name": "aurora-oss", "meta.helm.sh/release-namespace": NAMESPACE});
        let theirs = json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "aurora-oss-mcp", "namespace": NAMESPACE, "annotations": owner},
            "spec": {"selector": {"app": "auroras-own-mcp"}, "ports": [{"port": 8811}]},
        });
        cluster.created("service", NAMESPACE, "aurora-oss-mcp");
        cluster.kubectl_with(&["apply", "-f", "-"], &theirs.to_string()).await?;
        let refused =
            release::install(&[]).await.err().context("Aurora's Service was taken over")?.to_string();
        ensure!(refused.contains("gateway.service.name") && refused.contains("aurora-oss"), "{refused}");

        release::install(&["--set=gateway.service.name=aurora-mcp"]).await?;
        let token = Token::ready(cluster, "ci-beside", ALICE).await?;
        let secret = token.secret().await?;
        ensure!(secret["url"].starts_with("http://aurora-mcp.aurora-oss.svc"), "{}", secret["url"]);
        calls(&Gateway::open_service("aurora-mcp", 8811).await?, &secret["token"]).await?;
        let selector = cluster
            .kubectl(&[
                "get",
                "service",
                "aurora-oss-mcp",
                "-n",
                NAMESPACE,
                "-o",
                "jsonpath={.spec.selector.app}",
            ])
            .await?;
        ensure!(selector == "auroras-own-mcp", "Aurora's Service was changed: {selector}");
        token.delete().await?;
        release::uninstall().await
    })
    .await
}
