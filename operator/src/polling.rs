//! Finds changes in Aurora's database while it announces none: the triggers can't be made, or nobody hears them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aurora_mcp_store::{StoreError, Survey};
use kube::runtime::reflector::ObjectRef;

use crate::chance;
use crate::context::Context;

/// With its jitter and the pass that follows, a revocation is seen within five seconds.
const EVERY: Duration = Duration::from_secs(3);

/// Asks whether changes are announced, and polls while they are not.
pub(crate) async fn regularly(context: Arc<Context>) {
    context.schema_ready.wait().await;
    let mut seen = None;
    loop {
        match look(&context, seen.take()).await {
            Ok(survey) => seen = survey,
            Err(error) => tracing::debug!(%error, "changes were not looked for"),
        }
        tokio::time::sleep(chance::jittered(EVERY)).await;
    }
}

/// One look; returns what to compare the next one with, if there is to be one.
async fn look(context: &Context, before: Option<Survey>) -> Result<Option<Survey>, StoreError> {
    let announced = context.store.probe().await?.announced;
    if context.announced.swap(announced, Ordering::AcqRel) != announced {
        tracing::warn!(announced, "whether the database announces changes has changed");
        // Each McpToken says so in a condition.
        context.queue.look_at_all();
        if !announced {
            context.schema_missed.notify_one();
        }
    }
    let heard = announced && context.listening.load(Ordering::Acquire);
    context.metrics.notified.set(heard.into());
    if heard {
        return Ok(None);
    }
    let now = context.store.survey(&context.config.installation).await?;
    match before {
        Some(before) => order(context, &before, &now),
        // What changed before the first look is unknown.
        None => context.queue.look_at_all(),
    }
    Ok(Some(now))
}

fn order(context: &Context, before: &Survey, now: &Survey) {
    for (namespace, name) in changed(before, now) {
        context.queue.order(ObjectRef::new(name).within(namespace));
    }
    if before.users != now.users {
        context.queue.look_at_all();
    }
}

/// The McpTokens whose rows differ, appeared or are gone.
fn changed<'a>(before: &'a Survey, now: &'a Survey) -> Vec<(&'a str, &'a str)> {
    let differs = now.tokens.iter().filter(|(token, state)| before.tokens.get(*token) != Some(*state));
    let gone = before.tokens.iter().filter(|(token, _)| !now.tokens.contains_key(*token));
    differs.chain(gone).map(|((namespace, name), _)| (namespace.as_str(), name.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survey(tokens: &[(&str, i64)]) -> Survey {
        let tokens = tokens.iter().map(|(name, state)| (("n".to_owned(), (*name).to_owned()), *state));
        Survey { tokens: tokens.collect(), users: 0 }
    }

    #[test]
    fn what_differs_appeared_or_is_gone_is_found_and_nothing_else() {
        let before = survey(&[("same", 1), ("other", 2), ("gone", 3)]);
        let now = survey(&[("same", 1), ("other", 9), ("new", 4)]);
        let mut found = changed(&before, &now);
        found.sort_unstable();
        assert_eq!(found, [("n", "gone"), ("n", "new"), ("n", "other")]);
        assert!(changed(&before, &before).is_empty());
    }
}
