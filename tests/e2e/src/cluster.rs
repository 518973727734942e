//! The cluster under test: a Kubernetes client for reading and changing objects, `kubectl` for what a user types.

use std::{process::Stdio, sync::Mutex};

use anyhow::{Context, Result, bail, ensure};
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject, GroupVersionKind},
};
use tokio::{io::AsyncWriteExt, process::Command};

/// Namespace of Aurora and of the release under test.
pub const NAMESPACE: &str = "aurora-oss";

/// A connection to the cluster that `KUBECONFIG` names.
pub struct Cluster {
    client: Client,
    /// Undone after the test, last first: `kubectl delete` arguments.
    created: Mutex<Vec<Vec<String>>>,
}

/// What a finished `kubectl` left behind.
pub struct Output {
    /// Whether it exited with 0.
    pub success: bool,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Cluster {
    /// Connects. `KUBECONFIG` must be set: these tests stop databases, and must not find a cluster by default.
    #[expect(clippy::disallowed_methods, reason = "the one variable that these tests read")]
    pub async fn connect() -> Result<Self> {
        ensure!(
            std::env::var("KUBECONFIG").is_ok_and(|path| !path.is_empty()),
            "KUBECONFIG is not set. `make test` starts the test bed and sets it; with a cluster of your own, set it yourself"
        );
        // Fails if another test of this process was first, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client =
            Client::try_default().await.context("connecting to the cluster that KUBECONFIG names")?;
        Ok(Self { client, created: Mutex::default() })
    }

    /// Objects of a kind in a namespace, untyped, as a user sees them with `-o json`.
    pub fn objects(&self, api_version: &str, kind: &str, namespace: &str) -> Api<DynamicObject> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let kind = GroupVersionKind::gvk(group, version, kind);
        Api::namespaced_with(self.client.clone(), namespace, &ApiResource::from_gvk(&kind))
    }

    /// Typed objects in Aurora's namespace.
    pub fn typed<K>(&self) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        self.typed_in(NAMESPACE)
    }

    /// Typed objects in another namespace.
    pub fn typed_in<K>(&self, namespace: &str) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// Runs `kubectl` with something on its standard input and returns what it said, also when it fails.
    pub async fn try_kubectl(&self, arguments: &[&str], input: &str) -> Result<Output> {
        let mut child = Command::new("kubectl")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("starting kubectl: is it in PATH?")?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).await?;
        }
        let output = child.wait_with_output().await?;
        Ok(Output {
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Runs `kubectl` and returns its standard output; an error if it fails.
    pub async fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        self.kubectl_with(arguments, "").await
    }

    /// The same, with something on standard input.
    pub async fn kubectl_with(&self, arguments: &[&str], input: &str) -> Result<String> {
        let output = self.try_kubectl(arguments, input).await?;
        if !output.success {
            bail!("kubectl {}: {}", arguments.join(" "), output.stderr.trim());
        }
        Ok(output.stdout)
    }

    /// Remembers that an object is to be deleted when the test ends.
    pub fn created(&self, kind: &str, namespace: &str, name: &str) {
        let arguments = ["delete", "--ignore-not-found", "-n", namespace, kind, name];
        if let Ok(mut created) = self.created.lock() {
            created.push(arguments.map(str::to_owned).to_vec());
        }
    }

    /// Deletes what the test made, and waits until it is gone.
    pub async fn clean_up(&self) -> Result<()> {
        let created = self.created.lock().map(|mut all| std::mem::take(&mut *all)).unwrap_or_default();
        for arguments in created.iter().rev() {
            let arguments: Vec<&str> =
                arguments.iter().map(String::as_str).chain(["--timeout=60s"]).collect();
            self.kubectl(&arguments).await?;
        }
        Ok(())
    }
}
