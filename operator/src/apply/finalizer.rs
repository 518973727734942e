//! The finalizer on an McpToken, and the claim that comes with it.

use aurora_mcp_crds::{FINALIZER, INSTALLATION_ANNOTATION, McpToken};
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};

use crate::context::Context;

pub(super) async fn add(context: &Context, resource: &McpToken) -> Result<McpToken, kube::Error> {
    let mut finalizers = resource.finalizers().to_vec();
    if !finalizers.iter().any(|name| name == FINALIZER) {
        finalizers.push(FINALIZER.to_owned());
    }
    let claim = json!({INSTALLATION_ANNOTATION: context.config.installation});
    set(context, resource, json!({"finalizers": finalizers, "annotations": claim})).await
}

pub(super) async fn remove(context: &Context, resource: &McpToken) -> Result<(), kube::Error> {
    let finalizers: Vec<_> =
        resource.finalizers().iter().filter(|name| *name != FINALIZER).cloned().collect();
    match set(context, resource, json!({"finalizers": finalizers})).await {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        done => done.map(drop),
    }
}

/// The version makes the patch fail if somebody else changed the McpToken meanwhile: of two that claim it, one wins.
async fn set(context: &Context, resource: &McpToken, mut metadata: Value) -> Result<McpToken, kube::Error> {
    let api: Api<McpToken> =
        Api::namespaced(context.client.clone(), &resource.namespace().unwrap_or_default());
    metadata["resourceVersion"] = json!(resource.resource_version());
    let patch = Patch::Merge(json!({"metadata": metadata}));
    api.patch(&resource.name_any(), &PatchParams::default(), &patch).await
}
