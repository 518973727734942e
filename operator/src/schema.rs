//! Keeps the schema in Aurora's database in order, and says what is missing there.

use std::sync::Arc;
use std::time::Duration;

use aurora_mcp_store::{Program, TriggerState};

use crate::chance;
use crate::context::Context;

/// Aurora's server may make its tables anew, without our triggers.
const CHECK: Duration = Duration::from_secs(300);
/// An administrator may just be giving the right to make them.
const CHECK_MISSING: Duration = Duration::from_secs(30);
const RETRY: Duration = Duration::from_secs(3);

/// Brings the schema forward as soon as the database answers, and looks after it from then on: regularly, and whenever a pass
/// misses something of it.
pub(crate) async fn keep(context: Arc<Context>) {
    let mut said = None;
    let mut present = false;
    loop {
        let wait = match context.store.migrate().await {
            Ok(migration) => {
                if !migration.applied.is_empty() {
                    tracing::info!(applied = ?migration.applied, "brought the schema aurora_mcp forward");
                }
                if let TriggerState::Missing { reason } = &migration.triggers
                    && said.as_ref() != Some(reason)
                {
                    tracing::warn!(%reason, "revocations in Aurora are seen by polling: the triggers can't be made");
                    said = Some(reason.clone());
                }
                say_missing_grants(&context).await;
                let made = !migration.applied.is_empty()
                    || (migration.triggers == TriggerState::Present && !present);
                present = migration.triggers == TriggerState::Present;
                // An error means that it was set before.
                if context.schema_ready.set(()).is_err() && made {
                    context.queue.look_at_all();
                }
                if present { CHECK } else { CHECK_MISSING }
            }
            Err(error) => {
                tracing::warn!(%error, category = error.category().as_str(), "the schema aurora_mcp is not ready");
                RETRY
            }
        };
        tokio::select! {
            () = tokio::time::sleep(chance::jittered(wait)) => {}
            () = context.schema_missed.notified() => tokio::time::sleep(chance::jittered(RETRY)).await,
        }
    }
}

async fn say_missing_grants(context: &Context) {
    match context.store.missing_grants(Program::Operator).await {
        Ok(missing) => {
            context.metrics.missing_grants.set(i64::try_from(missing.len()).unwrap_or(i64::MAX));
            for grant in missing {
                tracing::warn!(grant = grant.grant, "the database role lacks a grant");
            }
        }
        Err(error) => tracing::debug!(%error, "the role's grants could not be checked"),
    }
}
