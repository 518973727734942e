//! From the arguments of `call_tool` to a request that Aurora's route reads.

use jiff::Timestamp;
use rmcp::model::JsonObject;
use serde_json::{Value, json};

use super::super::{ToolError, argument};
use super::catalogue::{Argument, Entry, placeholder};
use crate::aurora::{ApiPath, Call, Segment};

/// Puts path, query and body together. Whatever the entry doesn't know is refused: ignored, it would change the meaning.
pub fn build(entry: &Entry, arguments: JsonObject) -> Result<Call, ToolError> {
    let mut arguments = arguments;
    let mut segments = Vec::new();
    for part in entry.path.split('/').filter(|part| !part.is_empty()) {
        segments.push(match placeholder(part) {
            Some(name) => in_path(name, take(&mut arguments, name, &[]))?,
            None => part.to_owned(),
        });
    }
    let path = ApiPath::of(&segments.iter().map(String::as_str).collect::<Vec<_>>());
    let mut call = Call::new(entry.method.clone(), path);
    let mut body = JsonObject::new();
    for expected in &entry.arguments {
        let value = take(&mut arguments, expected.name, &expected.also).filter(|value| !value.is_null());
        match value {
            Some(value) if entry.has_body() => insert(&mut body, expected, value),
            Some(value) => call = call.with_query(expected.name, scalar(expected.name, value)?),
            None if expected.required => return Err(missing(entry, expected.name)),
            None => {}
        }
    }
    if let Some(unknown) = arguments.keys().next() {
        return Err(argument::unknown(entry.name, &entry.names(), unknown));
    }
    Ok(if entry.has_body() { call.with_body(Value::Object(body)) } else { call })
}

fn missing(entry: &Entry, name: &str) -> ToolError {
    ToolError::Argument(format!("args.{name} is missing: {} takes {}", entry.name, entry.names().join(", ")))
}

/// The value of an argument under any of its names.
fn take(arguments: &mut JsonObject, name: &str, also: &[&str]) -> Option<Value> {
    let written: Vec<String> = arguments.keys().cloned().collect();
    let is = |written: &&String| {
        std::iter::once(&name).chain(also).any(|name| argument::closest(&[*name], written).is_some())
    };
    arguments.remove(written.iter().find(is)?)
}

fn in_path(name: &'static str, value: Option<Value>) -> Result<String, ToolError> {
    let text = match value {
        Some(value) => scalar(name, value)?,
        None => String::new(),
    };
    // The one route that takes a path: Aurora decodes %2F, and both parts are checked.
    if let ("repo_full_name", Some((owner, repository))) = (name, text.split_once('/')) {
        let (owner, repository) = (Segment::parse(name, owner)?, Segment::parse(name, repository)?);
        return Ok(format!("{owner}/{repository}"));
    }
    Ok(Segment::parse(name, &text)?.to_string())
}

fn scalar(name: &str, value: Value) -> Result<String, ToolError> {
    match value {
        Value::String(text) => Ok(text.trim().to_owned()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        _ => Err(ToolError::Argument(format!("args.{name} must be text, a number or a boolean"))),
    }
}

fn insert(body: &mut JsonObject, expected: &Argument, value: Value) {
    let value = if expected.name.ends_with("Ms") { milliseconds(value) } else { value };
    let Some(inside) = expected.inside else {
        match (body.get_mut(expected.name), value) {
            (Some(Value::Object(known)), Value::Object(more)) => known.extend(more),
            (_, value) => {
                body.insert(expected.name.to_owned(), value);
            }
        }
        return;
    };
    let member = body.entry(inside).or_insert_with(|| json!({}));
    if let Some(members) = member.as_object_mut() {
        members.insert(expected.name.to_owned(), value);
    }
}

/// A time as milliseconds since 1970, also when it is written as RFC 3339.
fn milliseconds(value: Value) -> Value {
    match value.as_str().and_then(|text| text.trim().parse::<Timestamp>().ok()) {
        Some(time) => json!(time.as_millisecond()),
        None => value,
    }
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::Catalogue;
    use super::*;

    fn built(name: &str, arguments: &Value) -> Result<(String, Value), String> {
        let entry = Catalogue::get().find(name).unwrap();
        let call = build(entry, arguments.as_object().unwrap().clone()).map_err(|error| error.to_string())?;
        Ok((call.target(), call.body().cloned().unwrap_or_default()))
    }

    #[test]
    fn what_is_sent_is_what_the_route_reads() {
        for (name, arguments, target, body) in [
            (
                "jira_create_issue",
                json!({"project": "OPS", "summary": "s", "issuetype": "Bug"}),
                "POST /jira/issue",
                json!({"projectKey": "OPS", "summary": "s", "issueType": "Bug"}),
            ),
            (
                "jira_update_issue",
                json!({"issue_key": "OPS-1", "summary": "s", "fields": {"priority": 1}}),
                "PATCH /jira/issue/OPS-1",
                json!({"fields": {"priority": 1, "summary": "s"}}),
            ),
            (
                "jira_link_issues",
                json!({"inwardIssue": "A-1", "outwardIssue": "A-2", "type": "Blocks"}),
                "POST /jira/issue/link",
                json!({"inwardKey": "A-1", "outwardKey": "A-2", "linkType": "Blocks"}),
            ),
            (
                "datadog_metrics_query",
                json!({"query": "q", "from": "1970-01-01T00:00:01Z", "to": 5000}),
                "POST /datadog/metrics/query",
                json!({"query": "q", "fromMs": 1000, "toMs": 5000}),
            ),
            (
                "splunk_search",
                json!({"query": "q", "earliest_time": "-5m", "max_count": 3}),
                "POST /splunk/search",
                json!({"query": "q", "earliestTime": "-5m", "maxCount": 3}),
            ),
            (
                "incident_submit_feedback",
                json!({"incidentId": "x", "rating": "helpful"}),
                "POST /api/incidents/x/feedback",
                json!({"feedback_type": "helpful"}),
            ),
            ("action_delete", json!({"action_id": "a b"}), "DELETE /api/actions/a%20b", json!(null)),
            (
                "sentry_list_issues",
                json!({"limit": 5, "query": "is:open", "cursor": null}),
                "GET /sentry/issues?query=is:open&limit=5",
                json!(null),
            ),
            (
                "github_list_branches",
                json!({"repo_full_name": "owner/repo"}),
                "GET /github/user-branches/owner%2Frepo",
                json!(null),
            ),
        ] {
            assert_eq!(built(name, &arguments), Ok((target.to_owned(), body)), "{name}");
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (name, arguments, expected) in [
            ("jira_get_issue", json!({}), "issue_key is missing"),
            ("jira_get_issue", json!({"issue_key": ".."}), "issue_key must be a name"),
            ("jira_get_issue", json!({"issue_key": "A/../B"}), "issue_key contains '/'"),
            ("jira_get_issue", json!({"issue_key": {"a": 1}}), "args.issue_key must be text"),
            (
                "jira_create_issue",
                json!({"summary": "s"}),
                "args.projectKey is missing: jira_create_issue takes",
            ),
            ("datadog_events", json!({"q": 1}), "unknown argument \"q\": datadog_events takes no arguments"),
            ("metrics_mttr", json!({"days": 1}), "takes period, severity, service"),
            ("metrics_mttr", json!({"period": [1]}), "args.period must be text"),
            ("github_list_branches", json!({"repo_full_name": "a/b/c"}), "contains '/'"),
            ("github_list_branches", json!({"repo_full_name": "../x"}), "must be a name"),
        ] {
            let error = built(name, &arguments).unwrap_err();
            assert!(error.contains(expected), "{name} {arguments}: {error}");
        }
    }
}
