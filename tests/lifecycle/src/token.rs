//! An McpToken, as its owner handles it.

use std::fmt::Debug;

use anyhow::{Context as _, Result, ensure};
use aurora_mcp_crds::{DeletionPolicy, McpToken, ROTATE_ANNOTATION};
use aurora_mcp_plan::token_of;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::{Value, from_value, json};

use crate::{Stage, eventually};

/// An McpToken of a [`Stage`], for a user of its own.
pub struct Token<'a> {
    /// Where it is.
    pub stage: &'a Stage,
    /// Its name, and its user's id.
    pub name: String,
}

/// `status.conditions` Ready.
pub fn ready(token: &McpToken) -> Option<&Condition> {
    token.status.as_ref()?.condition("Ready")
}

impl Token<'_> {
    /// Makes it. `spec` may be anything but the user.
    pub async fn create(&self, spec: &Value) -> Result<()> {
        let mut full = json!({"user": {"id": self.name}});
        full.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        let token = json!({
            "apiVersion": "mcp.aurora-oss.dev/v1alpha1", "kind": "McpToken",
            "metadata": {"name": self.name}, "spec": full,
        });
        self.stage.tokens().create(&PostParams::default(), &from_value(token)?).await?;
        Ok(())
    }

    /// Makes it for the token that [`Token::write_by_hand`] put into a Secret.
    pub async fn adopt(&self) -> Result<()> {
        let name = self.by_hand();
        self.create(&json!({"adoptFrom": {"secretKeyRef": {"name": name, "key": "token"}}})).await
    }

    fn by_hand(&self) -> String {
        format!("{}-by-hand", self.name)
    }

    /// Puts a token into a Secret of somebody's own.
    pub async fn write_by_hand(&self, bearer: &str) -> Result<()> {
        let name = self.by_hand();
        let secret: Secret = from_value(
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"token": bearer}}),
        )?;
        self.stage
            .secrets()
            .patch(&name, &PatchParams::apply("somebody").force(), &Patch::Apply(&secret))
            .await?;
        Ok(())
    }

    /// Merges something into it.
    pub async fn patch(&self, patch: &Value) -> Result<()> {
        let params = PatchParams::default();
        self.stage.tokens().patch(&self.name, &params, &Patch::Merge(patch)).await.context("patching")?;
        Ok(())
    }

    /// Asks for a rotation; each request has a text of its own.
    pub async fn request_rotation(&self, request: &str) -> Result<()> {
        self.patch(&json!({"metadata": {"annotations": {ROTATE_ANNOTATION: request}}})).await
    }

    /// Deletes it by a policy, without waiting until it is gone.
    pub async fn delete(&self, policy: DeletionPolicy) -> Result<()> {
        self.patch(&json!({"spec": {"deletionPolicy": policy}})).await?;
        self.stage.tokens().delete(&self.name, &DeleteParams::default()).await?;
        Ok(())
    }

    /// The resource, if it is there.
    pub async fn object(&self) -> Result<Option<McpToken>> {
        Ok(self.stage.tokens().get_opt(&self.name).await?)
    }

    /// Waits until `Ready` has a reason that is about its spec as it is now.
    pub async fn until(&self, reason: &str, seconds: u64) -> Result<McpToken> {
        eventually(&format!("{} to be {reason}", self.name), seconds, async || {
            let object = self.object().await?.context("it is not there")?;
            let ready = ready(&object).context("no status yet")?;
            ensure!(ready.reason == reason, "{}: {}", ready.reason, ready.message);
            ensure!(ready.observed_generation == object.metadata.generation, "the status is an old one");
            Ok(object)
        })
        .await
    }

    /// All Secrets that it owns.
    pub async fn secrets(&self) -> Result<Vec<Secret>> {
        let all = self.stage.secrets().list(&ListParams::default()).await?;
        let own = all.items.into_iter().filter(|secret| is_owned(secret, &self.name));
        Ok(own.inspect(|secret| self.stage.witness.note(secret)).collect())
    }

    /// The token in clear, if it has a Secret.
    pub async fn bearer(&self) -> Result<Option<String>> {
        let secrets = self.secrets().await?;
        Ok(secrets.iter().find_map(|secret| token_of(secret, "token")).map(|token| token.expose().to_owned()))
    }

    /// Writes something into its Secret by hand.
    pub async fn put_into_secret(&self, text: &str) -> Result<()> {
        let patch = json!({"stringData": {"token": text}});
        for secret in self.secrets().await? {
            let (name, params) = (secret.name_any(), PatchParams::default());
            self.stage.secrets().patch(&name, &params, &Patch::Merge(&patch)).await?;
        }
        Ok(())
    }

    /// Takes its finalizer away and deletes it, as somebody in a hurry does.
    pub async fn tear_out(&self) -> Result<()> {
        self.patch(&json!({"metadata": {"finalizers": null}})).await?;
        match self.stage.tokens().delete(&self.name, &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            done => drop(done?),
        }
        Ok(())
    }

    /// Deletes its Secrets, as somebody with too many rights does.
    pub async fn lose_secret(&self) -> Result<()> {
        delete_owned(self.stage.secrets(), &self.name).await
    }

    /// What belonged to it goes when it is gone. Kubernetes has a controller for that, which does not run here.
    pub async fn collect_garbage(&self) -> Result<()> {
        self.lose_secret().await?;
        delete_owned(self.stage.services(), &self.name).await
    }
}

fn is_owned(object: &impl ResourceExt, name: &str) -> bool {
    object.owner_references().iter().any(|owner| owner.kind == "McpToken" && owner.name == name)
}

async fn delete_owned<K>(api: Api<K>, name: &str) -> Result<()>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug,
{
    for object in
        api.list(&ListParams::default()).await?.items.iter().filter(|object| is_owned(*object, name))
    {
        match api.delete(&object.name_any(), &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            done => drop(done?),
        }
    }
    Ok(())
}
