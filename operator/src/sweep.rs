//! Revokes rows whose McpToken is gone without a trace: finalizer removed by hand, cluster restored from a backup.

use std::sync::Arc;
use std::time::Duration;

use aurora_mcp_crds::McpToken;
use aurora_mcp_store::Owner;
use kube::{Api, ResourceExt as _};

use crate::chance;
use crate::context::Context;
use crate::error::Error;

const EVERY: Duration = Duration::from_secs(300);

/// Sweeps regularly, only while the whole cluster is watched: from one namespace nobody can tell what is gone elsewhere.
pub(crate) async fn regularly(context: Arc<Context>, watched: Vec<String>) {
    loop {
        if let Err(error) = sweep(&context, &watched).await {
            tracing::warn!(%error, category = error.category().as_str(), "rows without an McpToken were not looked for");
        }
        count(&context);
        tokio::time::sleep(chance::jittered(EVERY)).await;
    }
}

async fn sweep(context: &Context, watched: &[String]) -> Result<(), Error> {
    for owner in context.store.owners(&context.config.installation).await? {
        let in_sight = watched.is_empty() || watched.contains(&owner.namespace);
        if in_sight && !known(context, &owner) && is_gone(context, &owner).await? {
            end(context, &owner).await?;
        }
    }
    Ok(())
}

fn known(context: &Context, owner: &Owner) -> bool {
    let is_owner = |token: &McpToken| token.uid().as_deref() == Some(owner.uid.as_str());
    context.tokens.iter().any(|store| store.state().iter().any(|token| is_owner(token)))
}

/// Asked of the API server itself: what is remembered may be younger or older than the rows.
async fn is_gone(context: &Context, owner: &Owner) -> Result<bool, Error> {
    let api: Api<McpToken> = Api::namespaced(context.client.clone(), &owner.namespace);
    let found =
        api.get_opt(&owner.name).await.map_err(|source| Error::Read { what: "the McpToken", source })?;
    // One of the same name takes the rows over by itself.
    Ok(found.is_none())
}

async fn end(context: &Context, owner: &Owner) -> Result<(), Error> {
    for managed in context.store.ledger(owner, None).await?.managed {
        context.store.revoke(&managed).await?;
    }
    context.metrics.swept();
    tracing::warn!(
        namespace = owner.namespace,
        token = owner.name,
        "revoked the rows of an McpToken that is gone"
    );
    Ok(())
}

/// Counts McpTokens by the reason of their Ready condition.
fn count(context: &Context) {
    let mut counts = std::collections::BTreeMap::new();
    let mut soonest = None;
    for token in context.tokens.iter().flat_map(kube::runtime::reflector::Store::state) {
        let status = token.status.clone().unwrap_or_default();
        let ready = status.conditions.iter().find(|condition| condition.type_ == "Ready");
        let reason = ready.map_or_else(|| "Pending".to_owned(), |condition| condition.reason.clone());
        if ready.is_some_and(|condition| condition.status == "True") {
            let expires = status.expires_at.map(|time| time.0.as_second());
            soonest = [soonest, expires].into_iter().flatten().min();
        }
        *counts.entry(reason).or_insert(0) += 1;
    }
    context.metrics.count_tokens(&counts.into_iter().collect::<Vec<_>>(), soonest);
}
