//! Changes that Aurora's database announces, as McpTokens to look at.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use aurora_mcp_crds::McpToken;
use aurora_mcp_store::{Change, TokenDigest};
use futures::StreamExt as _;
use kube::runtime::reflector::ObjectRef;

use crate::context::Context;

/// Listens until the context's program ends; orders passes for the McpTokens that a change may concern.
pub(crate) async fn listen(context: Arc<Context>) {
    let mut changes = Box::pin(context.store.changes());
    while let Some(change) = changes.next().await {
        match change {
            // What changed while nobody listened is unknown.
            Change::Connected => {
                context.echoes.forget_all();
                context.listening.store(true, Ordering::Release);
                look_at_everything(&context);
            }
            Change::Everything => look_at_everything(&context),
            Change::Lost => {
                context.listening.store(false, Ordering::Release);
                context.metrics.notified.set(0);
            }
            Change::Token(digest) if context.echoes.recognise_row(&digest) => {}
            Change::Token(digest) => {
                if let Some(token) = owner(&context, &digest).await {
                    context.queue.order(token);
                }
            }
            Change::User(id) => {
                let concerned = context.known(|token| {
                    let status = token.status.as_ref();
                    let of_user = status.and_then(|status| status.user_id.as_deref()) == Some(id.as_str());
                    of_user || status.is_none_or(|status| status.token_id.is_none()) || !is_ready(token)
                });
                for token in concerned {
                    context.queue.order(token);
                }
            }
        }
    }
}

/// Even at rows whose McpToken is gone: the database may be a restored one.
fn look_at_everything(context: &Context) {
    context.queue.look_at_all();
    context.gone.notify_one();
}

async fn owner(context: &Context, digest: &TokenDigest) -> Option<ObjectRef<McpToken>> {
    match context.store.owner_of(digest).await {
        Ok(owner) => owner
            .filter(|owner| owner.installation == context.config.installation)
            .map(|owner| ObjectRef::new(&owner.name).within(&owner.namespace)),
        Err(error) => {
            tracing::debug!(%error, "a change is left to the next resync");
            None
        }
    }
}

fn is_ready(token: &McpToken) -> bool {
    let ready = token.status.as_ref().and_then(|status| status.condition("Ready"));
    ready.is_some_and(|ready| ready.status == "True")
}
