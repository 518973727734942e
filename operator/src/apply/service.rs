//! Services that lead to the gateway.

use k8s_openapi::api::core::v1::Service;
use kube::api::{DeleteParams, PostParams};
use kube::{Api, ResourceExt as _};

use crate::context::Context;

/// Creates the Service, or replaces the very version that was observed.
pub(super) async fn write(context: &Context, service: &Service) -> Result<(), kube::Error> {
    let api: Api<Service> = Api::namespaced(context.client.clone(), &service.namespace().unwrap_or_default());
    let done = if service.metadata.resource_version.is_some() {
        api.replace(&service.name_any(), &PostParams::default(), service).await
    } else {
        api.create(&PostParams::default(), service).await
    };
    done.map(drop)
}

pub(super) async fn remove(context: &Context, namespace: &str, name: &str) -> Result<(), kube::Error> {
    let api: Api<Service> = Api::namespaced(context.client.clone(), namespace);
    match api.delete(name, &DeleteParams::default()).await {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        done => done.map(drop),
    }
}
