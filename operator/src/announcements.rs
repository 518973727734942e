//! Changes that Aurora's database announces, as McpTokens to look at.

use std::collections::HashSet;
use std::sync::Arc;

use aurora_mcp_crds::McpToken;
use aurora_mcp_store::Change;
use futures::StreamExt as _;
use kube::ResourceExt as _;
use kube::runtime::reflector::ObjectRef;
use tokio::sync::broadcast;

use crate::context::Context;

/// Listens until the context's program ends; sends the McpTokens that a change may concern.
pub(crate) async fn listen(context: Arc<Context>, to: broadcast::Sender<ObjectRef<McpToken>>) {
    let mut changes = Box::pin(context.store.changes());
    while let Some(change) = changes.next().await {
        match change {
            Change::Connected => _ = context.metrics.notified.set(1),
            Change::Lost => _ = context.metrics.notified.set(0),
            Change::Token(_) | Change::User(_) | Change::Everything => {}
        }
        for token in concerned(&context, &change).await {
            // Nobody listens before the controllers run: they look at every token at their start.
            let _ = to.send(token);
        }
    }
}

async fn concerned(context: &Context, change: &Change) -> HashSet<ObjectRef<McpToken>> {
    match change {
        Change::Lost => HashSet::new(),
        // What changed while nobody listened is unknown.
        Change::Connected | Change::Everything => known(context, |_| true),
        Change::Token(digest) => match context.store.owner_of(digest).await {
            Ok(owner) => owner
                .filter(|owner| owner.installation == context.config.installation)
                .map(|owner| ObjectRef::new(&owner.name).within(&owner.namespace))
                .into_iter()
                .collect(),
            Err(error) => {
                tracing::debug!(%error, "a change is left to the next resync");
                HashSet::new()
            }
        },
        Change::User(id) => known(context, |token| {
            let status = token.status.as_ref();
            let of_user = status.and_then(|status| status.user_id.as_deref()) == Some(id.as_str());
            of_user || status.is_none_or(|status| status.token_id.is_none()) || !is_ready(token)
        }),
    }
}

fn is_ready(token: &McpToken) -> bool {
    let conditions = token.status.iter().flat_map(|status| &status.conditions);
    conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

fn known(context: &Context, wanted: impl Fn(&McpToken) -> bool) -> HashSet<ObjectRef<McpToken>> {
    let states = context.tokens.iter().map(kube::runtime::reflector::Store::state);
    states
        .flatten()
        .filter(|token| wanted(token))
        .map(|token| ObjectRef::new(&token.name_any()).within(&token.namespace().unwrap_or_default()))
        .collect()
}
