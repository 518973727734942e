//! One pass over an McpToken: observe, plan, apply, report.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aurora_mcp_crds::{McpToken, McpTokenStatus};
use aurora_mcp_plan::{Plan, Reason, Step, failed, is_foreign, plan};
use jiff::Timestamp;
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::{Api, ResourceExt as _};
use tracing::{Instrument as _, info_span};

use crate::apply::{Written, apply};
use crate::context::Context;
use crate::error::{Category, Error};
use crate::observe::observe;
use crate::requeue;
use crate::resync::ROUND;
use crate::{chance, crash, events, status};

/// A plan is carried out, then made again from a new observation, until nothing is left to do. More rounds than this mean
/// that somebody undoes what is done.
const ROUNDS: usize = 4;

pub(crate) async fn reconcile(resource: Arc<McpToken>, context: Arc<Context>) -> Result<Action, Error> {
    let started = Instant::now();
    let object = ObjectRef::from_obj(&*resource);
    let running = context.queue.begin(&object);
    let done = Box::pin(settle(&context, &resource)).await;
    drop(running);
    context.metrics.passed(started.elapsed());
    let wait = match done? {
        Settled::Gone | Settled::Foreign => {
            context.failures.clear(&object);
            return Ok(Action::await_change());
        }
        Settled::Reported { away: true, .. } => {
            let failures = context.failures.note(object);
            context.metrics.failed(Category::DatabaseUnavailable);
            requeue::after_failure(Category::DatabaseUnavailable, failures)
        }
        Settled::Reported { wake_at, .. } => {
            context.failures.clear(&object);
            // What is further away comes with a round of the resync.
            let soon = until(wake_at).filter(|wait| *wait <= ROUND * 2);
            return Ok(soon.map_or_else(Action::await_change, Action::requeue));
        }
    };
    Ok(Action::requeue(chance::jittered(wait)))
}

enum Settled {
    Gone,
    /// Another installation serves it.
    Foreign,
    Reported {
        wake_at: Option<Timestamp>,
        away: bool,
    },
}

async fn settle(context: &Context, cached: &McpToken) -> Result<Settled, Error> {
    let mut resource = cached.clone();
    let (mut last, mut written) = ("none", Written::default());
    for _ in 0..ROUNDS {
        if is_foreign(&resource, &context.config.installation) {
            return Ok(Settled::Foreign);
        }
        let observed = observe(context, &resource, written).instrument(info_span!("observe"));
        let observation = Box::pin(observed).await?;
        let plan = plan(&observation.observed, &context.config);
        if plan.steps.is_empty() {
            return report(context, &resource, plan).await;
        }
        written = Written::default();
        let mut conflict = false;
        for step in &plan.steps {
            last = step.name();
            crash::point("before", last);
            let applied = apply(context, &resource, &observation.managed, step, &mut written);
            if let Err(error) = applied.instrument(info_span!("step", step = last)).await {
                if error.category() != Category::Conflict {
                    return Err(error);
                }
                tracing::debug!(%error, step = last, "somebody else was first: looking again");
                conflict = true;
                break;
            }
            crash::point("after", last);
            context.metrics.stepped(last);
            tracing::info!(step = last, token = %resource.name_any(), namespace = resource.namespace(), "carried out");
            if matches!(step, Step::RemoveFinalizer) {
                return Ok(Settled::Gone);
            }
        }
        if conflict {
            written = Written { services: true, ..Written::default() };
            let Some(fresh) = read_again(context, &resource).await? else { return Ok(Settled::Gone) };
            resource = fresh;
        } else if let Some(fresh) = written.resource.take() {
            resource = fresh;
        }
    }
    Err(Error::Unsettled { step: last })
}

/// The McpToken as the API server has it now; none if it is gone or another has its name.
async fn read_again(context: &Context, resource: &McpToken) -> Result<Option<McpToken>, Error> {
    let api: Api<McpToken> =
        Api::namespaced(context.client.clone(), &resource.namespace().unwrap_or_default());
    let found = api.get_opt(&resource.name_any()).await;
    let found = found.map_err(|source| Error::Read { what: "the McpToken", source })?;
    Ok(found.filter(|found| found.uid() == resource.uid()))
}

async fn report(context: &Context, resource: &McpToken, plan: Plan) -> Result<Settled, Error> {
    tracing::debug!(token = %resource.name_any(), namespace = resource.namespace(), reason = ready(&plan.status),
        "nothing is left to do");
    if status::write(context, resource, &plan.status).await? {
        context.metrics.wrote_status();
        events::publish(context, resource, &plan.status).await;
    }
    let away = plan.status.conditions.iter().any(|condition| {
        condition.reason == Reason::DatabaseUnavailable.as_str() && condition.status == "False"
    });
    Ok(Settled::Reported { wake_at: plan.wake_at, away })
}

/// Why it is ready, or is not.
fn ready(status: &McpTokenStatus) -> Option<&str> {
    let ready = status.conditions.iter().find(|condition| condition.type_ == "Ready");
    ready.map(|condition| condition.reason.as_str())
}

fn until(at: Option<Timestamp>) -> Option<Duration> {
    let wait = at?.duration_since(chance::now());
    Some(wait.unsigned_abs()).filter(|_| wait.is_positive()).or(Some(Duration::from_secs(1)))
}

/// Says what went wrong where people look, and when the next try is.
pub(crate) fn on_error(resource: Arc<McpToken>, error: &Error, context: Arc<Context>) -> Action {
    let category = error.category();
    context.metrics.failed(category);
    let failures = context.failures.note(ObjectRef::from_obj(&*resource));
    tracing::warn!(%error, category = category.as_str(), failures, token = %resource.name_any(),
        namespace = resource.namespace(), "a pass failed");
    if let Some(reason) = category.reason() {
        let status = failed(&resource, chance::now(), reason, &error.to_string());
        tokio::spawn(async move {
            // The next pass may be faster: what it reports must not be overwritten by this.
            match status::write_over(&context, &resource, &status).await {
                Ok(true) => events::publish(&context, &resource, &status).await,
                Ok(false) => {}
                Err(error) => tracing::debug!(%error, "a failure could not be reported"),
            }
        });
    }
    Action::requeue(chance::jittered(requeue::after_failure(category, failures)))
}

#[cfg(test)]
mod tests;
