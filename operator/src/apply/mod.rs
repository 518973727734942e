//! Carries a plan out, one step at a time. Every step may be repeated after a crash.

mod finalizer;
mod row;
mod secret;
mod service;

use std::time::Instant;

use aurora_mcp_crds::McpToken;
use aurora_mcp_plan::Step;
use aurora_mcp_store::Managed;
use k8s_openapi::api::core::v1::Secret;

use crate::context::Context;
use crate::error::Error;

/// What the API server answered to the steps of a round: the next round need not ask for it.
#[derive(Default)]
pub(crate) struct Written {
    /// The McpToken with its finalizer.
    pub(crate) resource: Option<McpToken>,
    /// The Secret of the wanted name.
    pub(crate) secret: Option<Secret>,
    /// A Service was made, changed or removed: what the watch knows may be older.
    pub(crate) services: bool,
    /// Somebody else was faster: nothing may be taken for granted.
    pub(crate) others_first: bool,
}

pub(crate) async fn apply(
    context: &Context,
    resource: &McpToken,
    managed: &[Managed],
    step: &Step,
    written: &mut Written,
) -> Result<(), Error> {
    let name = step.name();
    let started = Instant::now();
    match step {
        Step::AddFinalizer => {
            let resource = finalizer::add(context, resource).await.map_err(at(name))?;
            context.echoes.note(&resource.metadata);
            written.resource = Some(resource);
            Ok(())
        }
        Step::RemoveFinalizer => finalizer::remove(context, resource).await.map_err(at(name)),
        Step::WriteSecret(secret) => {
            let secret = secret::write(context, secret).await.map_err(at(name))?;
            context.echoes.note(&secret.metadata);
            written.secret = Some(secret);
            Ok(())
        }
        Step::RemoveSecret(former) => secret::remove(context, resource, former).await.map_err(at(name)),
        Step::WriteService(service) => {
            written.services = true;
            service::write(context, service).await.map_err(at(name))
        }
        Step::RemoveService { namespace, name: service } => {
            written.services = true;
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
