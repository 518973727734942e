//! The Secret of a token.

use aurora_mcp_crds::McpToken;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, PostParams};
use kube::{Api, ResourceExt as _};

use crate::context::Context;

/// Creates the Secret, or replaces the very version that was observed: nobody else's is overwritten.
pub(super) async fn write(context: &Context, secret: &Secret) -> Result<Secret, kube::Error> {
    let api: Api<Secret> = Api::namespaced(context.client.clone(), &secret.namespace().unwrap_or_default());
    if secret.metadata.resource_version.is_some() {
        api.replace(&secret.name_any(), &PostParams::default(), secret).await
    } else {
        api.create(&PostParams::default(), secret).await
    }
}

pub(super) async fn remove(context: &Context, resource: &McpToken, name: &str) -> Result<(), kube::Error> {
    let api: Api<Secret> = Api::namespaced(context.client.clone(), &resource.namespace().unwrap_or_default());
    match api.delete(name, &DeleteParams::default()).await {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        done => done.map(drop),
    }
}
