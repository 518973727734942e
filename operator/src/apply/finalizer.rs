//! The finalizer on an McpToken.

use aurora_mcp_crds::{FINALIZER, McpToken};
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::json;

use crate::context::Context;

pub(super) async fn add(context: &Context, resource: &McpToken) -> Result<(), kube::Error> {
    let mut finalizers = resource.finalizers().to_vec();
    finalizers.push(FINALIZER.to_owned());
    set(context, resource, &finalizers).await
}

pub(super) async fn remove(context: &Context, resource: &McpToken) -> Result<(), kube::Error> {
    let finalizers: Vec<_> =
        resource.finalizers().iter().filter(|name| *name != FINALIZER).cloned().collect();
    match set(context, resource, &finalizers).await {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        done => done,
    }
}

/// The version makes the patch fail if somebody else changed the list meanwhile.
async fn set(context: &Context, resource: &McpToken, finalizers: &[String]) -> Result<(), kube::Error> {
    let api: Api<McpToken> =
        Api::namespaced(context.client.clone(), &resource.namespace().unwrap_or_default());
    let metadata = json!({"finalizers": finalizers, "resourceVersion": resource.resource_version()});
    let patch = Patch::Merge(json!({"metadata": metadata}));
    api.patch(&resource.name_any(), &PatchParams::default(), &patch).await.map(drop)
}
