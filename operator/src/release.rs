//! The Helm release that brings the gateway's Service, as Helm's own record tells of it.

use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::ListParams;

use crate::context::Context;

/// True while Helm uninstalls it: the record's labels say so before the first object goes. Where Helm keeps its records otherwise, or
/// they may not be read, the answer is no.
pub(crate) async fn is_leaving(context: &Context) -> bool {
    let gateway = &context.config.gateway;
    let Some(release) = &gateway.release else { return false };
    let records: Api<Secret> = Api::namespaced(context.client.clone(), &gateway.namespace);
    let wanted = format!("owner=helm,name={release},status=uninstalling");
    match records.list_metadata(&ListParams::default().labels(&wanted).limit(1)).await {
        Ok(found) => !found.items.is_empty(),
        Err(error) => {
            tracing::debug!(%error, release, "the release's record cannot be read");
            false
        }
    }
}
