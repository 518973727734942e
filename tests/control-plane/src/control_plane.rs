//! etcd and a kube-apiserver on loopback, with our CRD. No controller runs: what is owned stays when its owner goes.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ListParams, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config, ResourceExt as _};
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Child;

use crate::eventually;
use crate::process::{command, free_port, last_words, start};

const CRD: &str = include_str!("../../../crds/mcptokens.yaml");

/// A Kubernetes API of the test's own. Dropping it ends it and leaves nothing behind.
pub struct ControlPlane {
    client: Client,
    api_server: Child,
    etcd: Child,
    directory: TempDir,
}

impl ControlPlane {
    /// Starts it, and waits until it serves McpTokens. The programs are those of the test bed.
    pub async fn start() -> Result<Self> {
        Self::start_with(CRD).await
    }

    /// The same with an earlier version of the CRD.
    pub async fn start_with(crd: &str) -> Result<Self> {
        let programs = programs()?;
        // Fails if another test of this process was first, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let directory = tempfile::tempdir()?;
        let (etcd, etcd_url) = start_etcd(&programs, directory.path())?;
        let (api_server, port) = start_api_server(&programs, directory.path(), &etcd_url).await?;
        let path = directory.path().join("kubeconfig");
        std::fs::write(&path, kubeconfig(port, directory.path()).to_string())?;
        let client = eventually("the API server", 60, async || connect(&path).await).await?;
        let plane = Self { client, api_server, etcd, directory };
        plane.apply_crd(crd).await?;
        let tokens: Api<aurora_mcp_crds::McpToken> = Api::all(plane.client());
        eventually("McpTokens", 30, async || Ok(tokens.list(&ListParams::default()).await?)).await?;
        Ok(plane)
    }

    async fn apply_crd(&self, crd: &str) -> Result<()> {
        let crds: Api<CustomResourceDefinition> = Api::all(self.client());
        let crd: CustomResourceDefinition = serde_yaml_ng::from_str(crd)?;
        let params = PatchParams::apply("lifecycle");
        crds.patch(&crd.name_any(), &params, &Patch::Apply(&crd)).await?;
        Ok(())
    }

    /// Applies the CRD of today over the one that is there.
    pub async fn upgrade(&self) -> Result<()> {
        self.apply_crd(CRD).await
    }

    /// A client that may do everything.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// How to reach it.
    pub fn kubeconfig(&self) -> PathBuf {
        self.directory.path().join("kubeconfig")
    }

    /// Where logs are written.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The last lines of every operator that worked here.
    pub fn last_words(&self, lines: usize) -> String {
        let files =
            std::fs::read_dir(self.directory()).into_iter().flatten().flatten().map(|entry| entry.path());
        let logs = files.filter(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("operator-"))
        });
        let words: Vec<_> =
            logs.map(|log| format!("{}:\n{}", log.display(), last_words(&log, lines))).collect();
        words.join("\n")
    }

    /// The API server's process.
    pub fn pid(&self) -> Option<u32> {
        self.api_server.id()
    }

    /// The process of etcd.
    pub fn etcd_pid(&self) -> Option<u32> {
        self.etcd.id()
    }
}

#[expect(clippy::disallowed_methods, reason = "tests find the test bed by this variable")]
fn programs() -> Result<PathBuf> {
    let path = std::env::var("TEST_BIN").context("TEST_BIN is not set: run `make lifecycle`")?;
    Ok(PathBuf::from(path))
}

fn start_etcd(programs: &Path, directory: &Path) -> Result<(Child, String)> {
    let client = format!("http://127.0.0.1:{}", free_port()?);
    let peer = format!("http://127.0.0.1:{}", free_port()?);
    let mut etcd = command(&programs.join("etcd"), &directory.join("etcd.log"))?;
    etcd.arg("--data-dir").arg(directory.join("etcd")).arg("--unsafe-no-fsync").args([
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=default={peer}"),
    ]);
    Ok((start(etcd)?, client))
}

async fn start_api_server(programs: &Path, directory: &Path, etcd: &str) -> Result<(Child, u16)> {
    let port = free_port()?;
    let file = |name: &str| directory.join(name).display().to_string();
    openssl(&["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &file("sa.key")]).await?;
    openssl(&["ec", "-in", &file("sa.key"), "-pubout", "-out", &file("sa.pub")]).await?;
    std::fs::write(file("users.csv"), format!("{TOKEN},test,test,system:masters\n"))?;
    let mut server = command(&programs.join("kube-apiserver"), &directory.join("kube-apiserver.log"))?;
    server.args([
        format!("--etcd-servers={etcd}"),
        format!("--secure-port={port}"),
        "--bind-address=127.0.0.1".to_owned(),
        "--advertise-address=127.0.0.1".to_owned(),
        "--endpoint-reconciler-type=none".to_owned(),
        "--service-cluster-ip-range=10.0.0.0/16".to_owned(),
        format!("--cert-dir={}", file("certificates")),
        format!("--token-auth-file={}", file("users.csv")),
        "--anonymous-auth=false".to_owned(),
        "--authorization-mode=RBAC".to_owned(),
        "--disable-admission-plugins=ServiceAccount".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!("--service-account-key-file={}", file("sa.pub")),
        format!("--service-account-signing-key-file={}", file("sa.key")),
    ]);
    Ok((start(server)?, port))
}

/// Not a secret: the server is reachable by this machine only, and gone after the test.
const TOKEN: &str = "test-of-the-lifecycle";

async fn openssl(arguments: &[&str]) -> Result<()> {
    let done = tokio::process::Command::new("openssl").args(arguments).output().await.context("openssl")?;
    ensure!(done.status.success(), "openssl: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

fn kubeconfig(port: u16, directory: &Path) -> serde_json::Value {
    let authority = directory.join("certificates/apiserver.crt");
    let server = format!("https://127.0.0.1:{port}");
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "clusters": [{"name": "test", "cluster": {"server": server, "certificate-authority": authority}}],
        "users": [{"name": "test", "user": {"token": TOKEN}}],
    })
}

async fn connect(path: &Path) -> Result<Client> {
    let config = Kubeconfig::read_from(path)?;
    let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await?;
    let client = Client::try_from(config)?;
    client.request_text(http::Request::get("/readyz").body(Vec::new())?).await?;
    Ok(client)
}
