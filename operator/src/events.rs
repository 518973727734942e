//! Tells people what happened, once each time it happens.

use aurora_mcp_crds::{DeletionPolicy, McpToken, McpTokenStatus};
use kube::Resource as _;
use kube::runtime::events::{Event, EventType, Recorder};

use crate::context::Context;

/// Kubernetes refuses a longer note.
const NOTE_LENGTH: usize = 1024;
const ISSUE: &str = "Issue";
const ROTATE: &str = "Rotate";
const END: &str = "End";

/// Publishes what the new status says that the old one did not. A failure is only logged: an event is no duty.
pub(crate) async fn publish(context: &Context, resource: &McpToken, status: &McpTokenStatus) {
    for event in news(resource.status.as_ref(), status) {
        send(context, resource, &event).await;
    }
}

/// Publishes what became of the token of an McpToken that is let go.
pub(crate) async fn publish_end(context: &Context, resource: &McpToken) {
    if let Some(event) = ended(resource) {
        send(context, resource, &event).await;
    }
}

async fn send(context: &Context, resource: &McpToken, event: &Event) {
    // The recorder keeps each event for minutes, and counts what happens again to the first one and its note. What tells of a
    // token is of that token alone.
    let recorder = match event.action.as_str() {
        ISSUE | ROTATE | END => Recorder::new(context.client.clone(), context.reporter.clone()),
        _ => context.recorder.clone(),
    };
    if let Err(error) = recorder.publish(event, &resource.object_ref(&())).await {
        tracing::debug!(%error, reason = event.reason, "an event was not published");
    }
}

fn news(before: Option<&McpTokenStatus>, after: &McpTokenStatus) -> Vec<Event> {
    let mut events = Vec::new();
    events.extend(issued(before, after));
    let ready = |status: &McpTokenStatus| {
        let condition = status.condition("Ready")?;
        Some((condition.status.clone(), condition.reason.clone(), condition.message.clone()))
    };
    let (was, is) = (before.and_then(ready), ready(after));
    let key = |ready: &Option<(String, String, String)>| {
        ready.as_ref().map(|(status, reason, _)| (status.clone(), reason.clone()))
    };
    if key(&was) != key(&is)
        && let Some((status, reason, message)) = is
        // That a new token can be used goes without saying.
        && (events.is_empty() || status != "True")
    {
        let type_ = if status == "True" || reason == "Suspended" || reason == "Deleting" {
            EventType::Normal
        } else {
            EventType::Warning
        };
        events.push(event(type_, &reason, "Reconcile", &message));
    }
    events.extend(unknown_tools(before, after));
    events
}

/// The token works, though not as it was meant.
fn unknown_tools(before: Option<&McpTokenStatus>, after: &McpTokenStatus) -> Option<Event> {
    let told = |status: &McpTokenStatus| {
        let condition = status.condition("ToolsKnown").filter(|condition| condition.status == "False")?;
        Some((condition.reason.clone(), condition.message.clone()))
    };
    let (was, is) = (before.and_then(told), told(after));
    let (reason, message) = is.filter(|is| was.as_ref() != Some(is))?;
    Some(event(EventType::Warning, &reason, "Reconcile", &message))
}

/// A new token was made: the first, or the next.
fn issued(before: Option<&McpTokenStatus>, after: &McpTokenStatus) -> Option<Event> {
    let serial = |status: &McpTokenStatus| status.serial.unwrap_or(0);
    let serial_before = before.map_or(0, serial);
    if serial(after) <= serial_before {
        return None;
    }
    let preview = after.token_preview.as_deref().unwrap_or("without a preview");
    let secret = after.secret_name.as_deref().unwrap_or_default();
    let note = format!("Wrote the new token {preview} to Secret {secret}");
    if serial_before == 0 {
        return Some(event(EventType::Normal, "TokenIssued", ISSUE, &note));
    }
    let fate = match &after.previous_token {
        Some(previous) => format!("; the one before it works until {}", previous.expires_at.0),
        None => "; the one before it no longer works".to_owned(),
    };
    Some(event(EventType::Normal, "TokenRotated", ROTATE, &(note + &fate)))
}

/// None if it never had a token.
fn ended(resource: &McpToken) -> Option<Event> {
    let status = resource.status.as_ref()?;
    let preview = status.token_preview.as_deref()?;
    let (reason, what) = match resource.spec.deletion_policy {
        DeletionPolicy::Revoke => ("TokenRevoked", "Revoked the token"),
        DeletionPolicy::Delete => ("TokenDeleted", "Deleted the row of the token"),
        DeletionPolicy::Retain => ("TokenRetained", "Left to Aurora, where it goes on working, the token"),
    };
    Some(event(EventType::Normal, reason, END, &format!("{what} {preview}")))
}

fn event(type_: EventType, reason: &str, action: &str, note: &str) -> Event {
    let note =
        note.char_indices().take_while(|(at, c)| at + c.len_utf8() <= NOTE_LENGTH).map(|(_, c)| c).collect();
    Event { type_, reason: reason.to_owned(), note: Some(note), action: action.to_owned(), secondary: None }
}

#[cfg(test)]
mod tests {
    use aurora_mcp_crds::PreviousToken;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

    use super::*;

    fn status(ready: &str, reason: &str, serial: i64) -> McpTokenStatus {
        let condition = Condition {
            type_: "Ready".into(),
            status: ready.into(),
            reason: reason.into(),
            message: "ü".repeat(2000),
            observed_generation: None,
            last_transition_time: Time(jiff::Timestamp::UNIX_EPOCH),
        };
        McpTokenStatus { conditions: vec![condition], serial: Some(serial), ..McpTokenStatus::default() }
    }

    fn reasons(before: Option<&McpTokenStatus>, after: &McpTokenStatus) -> Vec<String> {
        news(before, after).into_iter().map(|event| event.reason).collect()
    }

    #[test]
    fn each_change_is_told_once() {
        let first = status("True", "Ready", 1);
        assert_eq!(reasons(None, &first), ["TokenIssued"]);
        assert_eq!(reasons(None, &status("False", "Suspended", 1)), ["TokenIssued", "Suspended"]);
        assert_eq!(reasons(Some(&status("False", "Suspended", 1)), &first), ["Ready"]);
        assert_eq!(reasons(Some(&first), &first), Vec::<String>::new());
        assert_eq!(reasons(Some(&first), &status("True", "Ready", 2)), ["TokenRotated"]);
        assert_eq!(reasons(Some(&first), &status("False", "UserNotFound", 1)), ["UserNotFound"]);
    }

    #[test]
    fn tools_that_nobody_has_are_told_once() {
        let known = status("True", "Ready", 1);
        let mut misspelt = known.clone();
        let [mut condition] = status("False", "UnknownTools", 1).conditions.try_into().unwrap();
        condition.type_ = "ToolsKnown".into();
        misspelt.conditions.push(condition);
        assert_eq!(reasons(Some(&known), &misspelt), ["UnknownTools"]);
        assert_eq!(reasons(Some(&misspelt), &misspelt), Vec::<String>::new());
        assert_eq!(reasons(Some(&misspelt), &known), Vec::<String>::new());
    }

    #[test]
    fn rotation_says_what_becomes_of_the_token_before() {
        let first = status("True", "Ready", 1);
        let mut second = status("True", "Ready", 2);
        second.token_preview = Some("aurora_mcp_abcd".into());
        second.secret_name = Some("laptop".into());
        let note = |after: &McpTokenStatus| news(Some(&first), after).remove(0).note.unwrap();
        assert_eq!(
            note(&second),
            "Wrote the new token aurora_mcp_abcd to Secret laptop; the one before it no longer works"
        );
        let expires_at = Time("2026-01-01T01:00:00Z".parse().unwrap());
        second.previous_token = Some(PreviousToken { serial: 1, token_id: 7, expires_at });
        assert!(note(&second).ends_with("; the one before it works until 2026-01-01T01:00:00Z"));
    }

    #[test]
    fn the_end_says_what_became_of_the_token() {
        let spec = serde_json::json!({"user": {"id": "alice"}, "deletionPolicy": "Retain"});
        let mut resource = McpToken::new("laptop", serde_json::from_value(spec).unwrap());
        assert!(ended(&resource).is_none(), "it never had one");
        let status =
            McpTokenStatus { token_preview: Some("aurora_mcp_abcd".into()), ..McpTokenStatus::default() };
        resource.status = Some(status);
        let end = ended(&resource).unwrap();
        assert_eq!(end.reason, "TokenRetained");
        assert_eq!(end.note.unwrap(), "Left to Aurora, where it goes on working, the token aurora_mcp_abcd");
        resource.spec.deletion_policy = DeletionPolicy::default();
        assert_eq!(ended(&resource).unwrap().note.unwrap(), "Revoked the token aurora_mcp_abcd");
    }

    #[test]
    fn long_notes_are_cut_between_characters() {
        let note = news(None, &status("True", "Ready", 0)).pop().unwrap().note.unwrap();
        assert_eq!(note.len(), 1024);
    }
}
