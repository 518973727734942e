//! Tools that ask a connected system: listed only while one of their connectors is connected.

mod alerts;
mod bitbucket;
mod jira;
mod logs;
mod metrics;
mod notion;
mod status;

use std::sync::Arc;

pub use self::alerts::QueryAlerts;
pub use self::bitbucket::QueryBitbucket;
pub use self::jira::QueryJira;
pub use self::logs::QueryLogs;
pub use self::metrics::QueryMetrics;
pub use self::notion::QueryNotion;
pub use self::status::ConnectorStatus;
use super::{CallContext, ToolError, argument};
use crate::aurora::{Connectors, Segment, Span};

/// Refuses to go on where none of `names` is connected. Where Aurora can't say, its own answer will.
pub async fn required(
    names: &[&str],
    context: &CallContext<'_>,
) -> Result<Option<Arc<Connectors>>, ToolError> {
    let known = context.connectors.of(context.aurora).await;
    match &known {
        Some(connectors) if !names.iter().any(|name| connectors.has(name)) => Err(not_connected(names)),
        _ => Ok(known),
    }
}

fn not_connected(names: &[&str]) -> ToolError {
    ToolError::Denied(format!(
        "Not connected: this needs {}. An editor can connect it in Aurora's settings; other tools go on working.",
        names.join(" or ")
    ))
}

/// The provider to ask: the one that was named, else the first that is connected.
async fn source<'a>(
    asked: Option<&str>,
    providers: &[&'a str],
    context: &CallContext<'_>,
) -> Result<&'a str, ToolError> {
    let connectors = required(providers, context).await?;
    let has = |name: &str| connectors.as_ref().is_none_or(|connectors| connectors.has(name));
    let usable: Vec<&str> = providers.iter().copied().filter(|name| has(name)).collect();
    let chosen = match asked {
        Some(asked) => argument::closest(&usable, asked),
        None => usable.first().copied(),
    };
    chosen.ok_or_else(|| {
        let asked: String = asked.unwrap_or_default().chars().take(40).collect();
        ToolError::Argument(format!("source: {asked:?} can't be asked. Connected: {}", usable.join(", ")))
    })
}

fn span(minutes: Option<i64>, context: &CallContext<'_>) -> Span {
    Span { until: context.now, minutes: argument::clamped(minutes, 60, 1, 1_440) }
}

fn query(text: Option<String>) -> Result<String, ToolError> {
    text.ok_or_else(|| ToolError::Argument("query is missing: say what to look for".to_owned()))
}

fn segment(name: &'static str, text: Option<&str>) -> Result<Segment, ToolError> {
    Ok(Segment::parse(name, text.unwrap_or_default())?)
}

/// One of `actions`, in any spelling.
fn action<'a>(asked: Option<&str>, actions: &[&'a str]) -> Result<&'a str, ToolError> {
    argument::closest(actions, asked.unwrap_or_default())
        .ok_or_else(|| ToolError::Argument(format!("action must be one of {}", actions.join(", "))))
}
