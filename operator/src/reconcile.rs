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
use crate::observe::{Observation, observe};
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
        Settled::Reported { wake_in, .. } => {
            context.failures.clear(&object);
            // What is further away comes with a round of the resync.
            let soon = wake_in.filter(|wait| *wait <= ROUND * 2);
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
        wake_in: Option<Duration>,
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
        let done = if plan.steps.is_empty() {
            match report(context, &resource, plan, observation.observed.now).await {
                Err(error) if error.category() == Category::Conflict => {
                    last = "write-status";
                    Done::OthersFirst
                }
                reported => return reported,
            }
        } else {
            carry_out(context, &resource, &observation, &plan.steps, &mut last).await?
        };
        written = match done {
            Done::Written(written) => *written,
            Done::LetGo => return Ok(Settled::Gone),
            Done::OthersFirst => {
                let Some(fresh) = read_again(context, &resource).await? else { return Ok(Settled::Gone) };
                Written { resource: Some(fresh), others_first: true, ..Written::default() }
            }
        };
        if let Some(fresh) = written.resource.take() {
            resource = fresh;
        }
    }
    Err(Error::Unsettled { step: last })
}

/// What became of a round.
enum Done {
    Written(Box<Written>),
    /// Somebody else was faster: nothing that was read counts any more.
    OthersFirst,
    /// The McpToken may go.
    LetGo,
}

/// Carries out the steps, or as many as nobody else was faster with.
async fn carry_out(
    context: &Context,
    resource: &McpToken,
    observation: &Observation<'_>,
    steps: &[Step],
    last: &mut &'static str,
) -> Result<Done, Error> {
    let mut written = Written::default();
    for step in steps {
        let name = step.name();
        *last = name;
        crash::point("before", name);
        let applied = apply(context, resource, &observation.managed, step, &mut written);
        if let Err(error) = applied.instrument(info_span!("step", step = name)).await {
            if error.category() != Category::Conflict {
                return Err(error);
            }
            tracing::debug!(%error, step = name, "somebody else was first: looking again");
            return Ok(Done::OthersFirst);
        }
        crash::point("after", name);
        context.metrics.stepped(name);
        tracing::info!(step = name, token = %resource.name_any(), namespace = resource.namespace(), "carried out");
        if matches!(step, Step::RemoveFinalizer) {
            events::publish_end(context, resource).await;
            return Ok(Done::LetGo);
        }
    }
    Ok(Done::Written(Box::new(written)))
}

/// The McpToken as the API server has it now; none if it is gone or another has its name.
async fn read_again(context: &Context, resource: &McpToken) -> Result<Option<McpToken>, Error> {
    let api: Api<McpToken> =
        Api::namespaced(context.client.clone(), &resource.namespace().unwrap_or_default());
    let found = api.get_opt(&resource.name_any()).await;
    let found = found.map_err(|source| Error::Read { what: "the McpToken", source })?;
    Ok(found.filter(|found| found.uid() == resource.uid()))
}

async fn report(
    context: &Context,
    resource: &McpToken,
    plan: Plan,
    now: Timestamp,
) -> Result<Settled, Error> {
    tracing::debug!(token = %resource.name_any(), namespace = resource.namespace(), reason = ready(&plan.status),
        "nothing is left to do");
    if status::write(context, resource, &plan.status).await? {
        context.metrics.wrote_status();
        events::publish(context, resource, &plan.status).await;
    }
    let away = plan.status.conditions.iter().any(|condition| {
        condition.reason == Reason::DatabaseUnavailable.as_str() && condition.status == "False"
    });
    Ok(Settled::Reported { wake_in: plan.wake_at.map(|at| until(at, now)), away })
}

/// Why it is ready, or is not.
fn ready(status: &McpTokenStatus) -> Option<&str> {
    status.condition("Ready").map(|condition| condition.reason.as_str())
}

/// Both times are of the same clock: that of the database, which ends tokens, may differ from this machine's.
fn until(at: Timestamp, now: Timestamp) -> Duration {
    let wait = at.duration_since(now);
    if wait.is_positive() { wait.unsigned_abs() } else { Duration::from_secs(1) }
}

/// Says what went wrong where people look, and when the next try is.
pub(crate) fn on_error(resource: Arc<McpToken>, error: &Error, context: Arc<Context>) -> Action {
    let category = error.category();
    context.metrics.failed(category);
    if category == Category::DatabaseSchema {
        context.schema_missed.notify_one();
    }
    let failures = context.failures.note(ObjectRef::from_obj(&*resource));
    tracing::warn!(%error, category = category.as_str(), failures, token = %resource.name_any(),
        namespace = resource.namespace(), "a pass failed");
    if let Some(reason) = category.reason() {
        let status = failed(&resource, chance::now(), reason, &error.to_string());
        tokio::spawn(async move {
            // The next pass may be faster: what it reports must not be overwritten by this.
            match status::write(&context, &resource, &status).await {
                Ok(true) => events::publish(&context, &resource, &status).await,
                Ok(false) => {}
                Err(error) => tracing::debug!(%error, "a failure could not be reported"),
            }
        });
    }
    Action::requeue(chance::jittered(requeue::after_failure(category, failures)))
}
