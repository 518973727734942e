//! Carries a plan out, one step at a time. Every step may be repeated after a crash.

mod finalizer;
mod row;
mod secret;
mod service;

use std::time::Instant;

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
    let started = Instant::now();
    match step {
        Step::AddFinalizer => finalizer::add(context, resource).await.map_err(at(name)),
        Step::RemoveFinalizer => finalizer::remove(context, resource).await.map_err(at(name)),
        Step::WriteSecret(secret) => secret::write(context, secret).await.map_err(at(name)),
        Step::RemoveSecret(former) => secret::remove(context, resource, former).await.map_err(at(name)),
        Step::WriteService(service) => service::write(context, service).await.map_err(at(name)),
        Step::RemoveService { namespace, name: service } => {
            service::remove(context, namespace, service).await.map_err(at(name))
        }
        Step::RegisterRow(_)
        | Step::AmendRow(_)
        | Step::RevokeRow(_)
        | Step::DeleteRow(_)
        | Step::RetainRow(_) => {
            let done = row::apply(context, resource, managed, step).await;
            context.metrics.database("write", started.elapsed());
            done
        }
    }
}

fn at(step: &'static str) -> impl Fn(kube::Error) -> Error {
    move |source| Error::Write { step, source }
}
