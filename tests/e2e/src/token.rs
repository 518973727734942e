//! An McpToken in the cluster, as a user makes it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, api::DynamicObject};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    Cluster,
    cluster::{NAMESPACE, Output},
    eventually,
};

/// `apiVersion` of McpTokens.
pub const API_VERSION: &str = "mcp.aurora-oss.dev/v1alpha1";

/// An McpToken that was applied.
pub struct Token<'a> {
    cluster: &'a Cluster,
    namespace: String,
    name: String,
}

/// The manifest of an McpToken.
pub fn manifest(namespace: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": API_VERSION,
        "kind": "McpToken",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    })
}

impl<'a> Token<'a> {
    /// Applies an McpToken for the user with this e-mail address and waits until it is ready.
    pub async fn ready(cluster: &'a Cluster, name: &str, email: &str) -> Result<Self> {
        let token = Self::apply(cluster, NAMESPACE, name, &json!({"user": {"email": email}})).await?;
        token.wait_ready().await?;
        Ok(token)
    }

    /// Applies an McpToken, after removing one of this name that an earlier run left behind.
    pub async fn apply(cluster: &'a Cluster, namespace: &str, name: &str, spec: &Value) -> Result<Self> {
        let (token, output) = Self::try_apply(cluster, namespace, name, spec).await?;
        ensure!(output.success, "applying McpToken {name}: {}", output.stderr);
        Ok(token)
    }

    /// The same, with what `kubectl apply` said.
    pub async fn try_apply(
        cluster: &'a Cluster,
        namespace: &str,
        name: &str,
        spec: &Value,
    ) -> Result<(Self, Output)> {
        let leftover = ["delete", "mcptoken", name, "-n", namespace, "--ignore-not-found", "--timeout=60s"];
        cluster.kubectl(&leftover).await?;
        cluster.created("mcptoken", namespace, name);
        let token = Self { cluster, namespace: namespace.to_owned(), name: name.to_owned() };
        let output = token.change(spec).await?;
        Ok((token, output))
    }

    /// Applies another spec to it and returns what `kubectl` said.
    pub async fn change(&self, spec: &Value) -> Result<Output> {
        let manifest = manifest(&self.namespace, &self.name, spec).to_string();
        self.cluster.try_kubectl(&["apply", "-f", "-"], &manifest).await
    }

    /// Asks for a rotation; each `request` counts once.
    pub async fn rotate(&self, request: &str) -> Result<()> {
        let annotation = format!("mcp.aurora-oss.dev/rotate-requested-at={request}");
        let arguments =
            ["annotate", "mcptoken", &self.name, "-n", &self.namespace, "--overwrite", &annotation];
        self.cluster.kubectl(&arguments).await.map(drop)
    }

    /// Deletes it, as `kubectl delete` does: until it is gone.
    pub async fn delete(&self) -> Result<()> {
        let arguments = ["delete", "mcptoken", &self.name, "-n", &self.namespace, "--timeout=60s"];
        self.cluster.kubectl(&arguments).await.map(drop)
    }

    /// Waits until it is ready.
    pub async fn wait_ready(&self) -> Result<()> {
        self.wait_condition("True", None).await.map(drop)
    }

    /// Waits until Ready is false for this reason, and returns the message.
    pub async fn wait_refused(&self, reason: &str) -> Result<String> {
        self.wait_condition("False", Some(reason)).await
    }

    async fn wait_condition(&self, status: &str, reason: Option<&str>) -> Result<String> {
        let wanted = format!("{}/{} to be Ready={status}", self.namespace, self.name);
        eventually(&wanted, 60, async || {
            let object = self.object().await?;
            let conditions = object.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let ready = conditions
                .iter()
                .find(|condition| condition["type"] == "Ready")
                .context("no condition Ready yet")?;
            let current = object.metadata.generation.map(Value::from).unwrap_or_default();
            let seen = &object.data["status"]["observedGeneration"];
            if ready["status"] != status
                || reason.is_some_and(|reason| ready["reason"] != reason)
                || *seen != current
            {
                bail!("it is {ready}, of generation {seen} of {current}");
            }
            Ok(ready["message"].as_str().unwrap_or_default().to_owned())
        })
        .await
    }

    /// The resource as it is now.
    pub async fn object(&self) -> Result<DynamicObject> {
        let tokens = self.cluster.objects(API_VERSION, "McpToken", &self.namespace);
        tokens.get(&self.name).await.with_context(|| format!("getting McpToken {}", self.name))
    }

    /// What its Secret holds.
    pub async fn secret(&self) -> Result<BTreeMap<String, String>> {
        let secrets: Api<Secret> = self.cluster.typed_in(&self.namespace);
        let secret =
            secrets.get(&self.name).await.with_context(|| format!("getting Secret {}", self.name))?;
        let data = secret.data.unwrap_or_default().into_iter();
        data.map(|(key, value)| Ok((key, String::from_utf8(value.0)?))).collect()
    }

    /// The bearer token.
    pub async fn bearer(&self) -> Result<String> {
        self.secret().await?.remove("token").with_context(|| format!("Secret {} has no key token", self.name))
    }
}

/// How a token stands in `mcp_tokens`.
pub fn digest(bearer: &str) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bearer)))
}

/// Whether a text has the form of a token: the prefix and 64 URL-safe base64 characters.
pub fn is_well_formed(token: &str) -> bool {
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    token
        .strip_prefix("aurora_mcp_")
        .and_then(|random| engine.decode(random).ok())
        .is_some_and(|random| random.len() == 48)
}
