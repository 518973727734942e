//! Carries a plan out, one step at a time. Every step may be repeated after a crash.

mod finalizer;
mod row;
mod secret;
mod service;

use aurora_mcp_crds::McpToken;
use aurora_mcp_plan::Step;
use aurora_mcp_store::Managed;

use crate::context::Context;
use crate::error::Error;

pub(crate) async fn apply(
    context: &Context,
    resource: &McpToken,
    managed: &[Managed],
    step: &Step,
) -> Result<(), Error> {
    let name = step.name();
    match step {
        Step::AddFinalizer => finalizer::add(context, resource).await.map_err(at(name)),
        Step::RemoveFinalizer => finalizer::remove(context, resource).await.map_err(at(name)),
        Step::WriteSecret(secret) => secret::write(context, secret).await.map_err(at(name)),
        Step::RemoveSecret(former) => secret::remove(context, resource, former).await.map_err(at(name)),
        Step::WriteService(service) => service::write(context, service).await.map_err(at(name)),
        Step::RemoveService { namespace, name: service } => {
            service::remove(context, namespace, service).await.map_err(at(name))
        }
        Step::RegisterRow(new) => row::register(context, resource, new).await,
        Step::AmendRow(to) => row::amend(context, row::find(managed, to.token_id, name)?, to).await,
        Step::RevokeRow(id) => Ok(context.store.revoke(row::find(managed, *id, name)?).await?),
        Step::DeleteRow(id) => Ok(context.store.delete(row::find(managed, *id, name)?).await?),
        Step::RetainRow(id) => Ok(context.store.retain(row::find(managed, *id, name)?).await?),
    }
}

fn at(step: &'static str) -> impl Fn(kube::Error) -> Error {
    move |source| Error::Write { step, source }
}
