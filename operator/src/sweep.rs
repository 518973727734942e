//! Revokes rows whose McpToken is gone without a trace: finalizer removed by hand, cluster restored from a backup.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use aurora_mcp_crds::McpToken;
use aurora_mcp_store::Owner;
use kube::{Api, ResourceExt as _};

use crate::chance;
use crate::context::Context;
use crate::error::Error;

const EVERY: Duration = Duration::from_secs(300);
/// McpTokens that go together are looked for together.
const GATHER: Duration = Duration::from_secs(1);

/// Sweeps regularly, and soon after an McpToken went or changes in the database may have been missed. Only what is in the
/// watched namespaces: from one namespace nobody can tell what is gone elsewhere.
pub(crate) async fn regularly(context: Arc<Context>, watched: Vec<String>) {
    context.schema_ready.wait().await;
    context.listed().await;
    loop {
        if let Err(error) = sweep(&context, &watched).await {
            tracing::warn!(%error, category = error.category().as_str(), "rows without an McpToken were not looked for");
        }
        tokio::select! {
            () = tokio::time::sleep(chance::jittered(EVERY)) => {}
            () = context.gone.notified() => tokio::time::sleep(GATHER).await,
        }
    }
}

async fn sweep(context: &Context, watched: &[String]) -> Result<(), Error> {
    let states = context.tokens.iter().flat_map(kube::runtime::reflector::Store::state);
    let known: HashSet<String> = states.filter_map(|token| token.uid()).collect();
    for owner in context.store.owners(&context.config.installation).await? {
        let in_sight = watched.is_empty() || watched.contains(&owner.namespace);
        if in_sight && !known.contains(&owner.uid) && is_gone(context, &owner).await? {
            end(context, &owner).await?;
        }
    }
    Ok(())
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
