//! Passes without a reason, so that what no event told is found all the same: at a pace of its own, behind what changed.

use std::sync::Arc;
use std::time::Duration;

use crate::chance;
use crate::context::Context;

/// A quiet round over all McpTokens takes so long.
pub(crate) const ROUND: Duration = Duration::from_secs(600);
const BREATH: Duration = Duration::from_millis(5);

/// Looks at every McpToken: at once where it may be needed (at the start, after an outage), slowly ever after.
pub(crate) async fn regularly(context: Arc<Context>) {
    context.listed().await;
    loop {
        round(&context, Duration::ZERO).await;
        loop {
            tokio::select! {
                () = round(&context, ROUND) => {}
                () = context.queue.asked_for_all() => break,
            }
        }
    }
}

async fn round(context: &Context, over: Duration) {
    let tokens = context.known(|_| true);
    let pace = over / u32::try_from(tokens.len().max(1)).unwrap_or(u32::MAX);
    if tokens.is_empty() {
        tokio::time::sleep(chance::jittered(over)).await;
    }
    for token in tokens {
        while !context.queue.has_room() {
            tokio::time::sleep(BREATH).await;
        }
        context.queue.order(token);
        tokio::time::sleep(chance::jittered(pace)).await;
    }
}
