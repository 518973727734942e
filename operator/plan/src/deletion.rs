//! An McpToken goes: its rows first, then the finalizer. The Secret goes by owner reference.

use aurora_mcp_crds::{DeletionPolicy, McpTokenStatus};

use crate::labels::{HELM_RELEASE, MADE_BY};
use crate::status::{READY, ROW_READY, set};
use crate::{Database, KnownRow, Observed, Plan, Reason, Step};

pub(crate) fn plan(observed: &Observed<'_>) -> Plan {
    let mut status = observed.resource.status.clone().unwrap_or_default();
    status.observed_generation = observed.resource.metadata.generation;
    let mut steps = Vec::new();
    if !crate::has_finalizer(observed) {
        return Plan { steps, status, wake_at: None };
    }
    match &observed.database {
        Database::Away { message } if has_made_anything(observed, &status) => {
            let text = format!(
                "the token can't be revoked while Aurora's database is away ({message}); deletion goes on by itself"
            );
            let row = "the token's row is not revoked yet: Aurora's database can't be asked";
            set(&mut status, observed, ROW_READY, false, Reason::DatabaseUnavailable, row);
            set(&mut status, observed, READY, false, Reason::DatabaseUnavailable, &text);
            return Plan { steps, status, wake_at: None };
        }
        Database::Away { .. } => {}
        Database::Answered { .. } => steps.extend(observed.own_rows().filter_map(|row| end(observed, row))),
    }
    steps.extend(last_service(observed));
    steps.push(Step::RemoveFinalizer);
    set(&mut status, observed, READY, false, Reason::Deleting, "the token is being revoked");
    Plan { steps, status, wake_at: None }
}

/// A resource that never had a Secret never had a row: it need not wait for the database.
fn has_made_anything(observed: &Observed<'_>, status: &McpTokenStatus) -> bool {
    status.serial.is_some() || observed.secret.is_some()
}

fn end(observed: &Observed<'_>, known: &KnownRow) -> Option<Step> {
    match observed.resource.spec.deletion_policy {
        DeletionPolicy::Revoke => known.is_live().then_some(Step::RevokeRow(known.token_id)),
        DeletionPolicy::Delete => Some(Step::DeleteRow(known.token_id)),
        DeletionPolicy::Retain => Some(Step::RetainRow(known.token_id)),
    }
}

/// The gateway's Service goes with the last token, if the operator made it and no Helm release took it over since.
fn last_service(observed: &Observed<'_>) -> Option<Step> {
    let metadata = &observed.gateway_service.as_ref()?.metadata;
    let marked =
        |mark| metadata.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(mark));
    let ours = marked(MADE_BY)
        && !marked(HELM_RELEASE)
        && metadata.owner_references.as_ref().is_none_or(Vec::is_empty);
    (ours && !observed.gateway_service_shared).then(|| Step::RemoveService {
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
    })
}
