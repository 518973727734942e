//! Completions for arguments of prompts and resource templates.

use rmcp::model::{CompleteRequestParams, CompleteResult, CompletionInfo, Reference};
use serde_json::Value;

use crate::aurora::{IncidentPage, ServiceFilter};
use crate::health::Component;
use crate::tools::CallContext;

/// What the argument stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Incident,
    Service,
    Component,
    ApiArea,
    ApiPath,
}

/// Values that begin with, or for incidents are titled like, what was typed. Nothing fits where Aurora doesn't answer:
/// a completion is no place for an error.
pub async fn complete(request: CompleteRequestParams, context: &CallContext<'_>) -> CompleteResult {
    let typed = request.argument.value.trim().to_lowercase();
    let candidates = match kind(&request.r#ref, &request.argument.name) {
        Some(kind) => candidates(kind, context).await,
        None => Vec::new(),
    };
    CompleteResult::new(fitting(candidates, &typed))
}

fn kind(reference: &Reference, argument: &str) -> Option<Kind> {
    let of = match reference {
        Reference::Prompt(prompt) => prompt.name.as_str(),
        Reference::Resource(resource) => resource.uri.as_str(),
        _ => return None,
    };
    match (of, argument) {
        (
            "investigate_incident" | "summarize_incident" | "aurora://incidents/{incident_id}",
            "incident_id",
        ) => Some(Kind::Incident),
        ("blast_radius_analysis", "service_name") => Some(Kind::Service),
        ("aurora://health/{component}", "component") => Some(Kind::Component),
        ("aurora://api-catalog/{area}", "area") => Some(Kind::ApiArea),
        ("aurora://api-paths{+path}", "path") => Some(Kind::ApiPath),
        _ => None,
    }
}

/// A value and the text by which it may also be found.
type Candidate = (String, String);

async fn candidates(kind: Kind, context: &CallContext<'_>) -> Vec<Candidate> {
    match kind {
        Kind::Component => Component::ALL.map(|component| plain(component.as_str())).into(),
        Kind::Incident if context.access.permits_tool("list_incidents") => incidents(context).await,
        Kind::Incident => Vec::new(),
        Kind::Service => {
            let services = context.aurora.services(ServiceFilter::default()).await.unwrap_or_default();
            texts(&services["services"], "name").map(plain).collect()
        }
        Kind::ApiArea => {
            let routes = context.aurora.routes().await.unwrap_or_default();
            let mut areas: Vec<Candidate> = routes.iter().map(|route| plain(route.area())).collect();
            areas.sort();
            areas.dedup();
            areas
        }
        Kind::ApiPath => {
            let routes = context.aurora.routes().await.unwrap_or_default();
            let mut paths: Vec<Candidate> = routes.iter().map(|route| plain(&route.path)).collect();
            paths.dedup();
            paths
        }
    }
}

async fn incidents(context: &CallContext<'_>) -> Vec<Candidate> {
    let page = IncidentPage { status: None, limit: 100, offset: 0 };
    let answer = context.aurora.incidents(&page).await.unwrap_or_default();
    let all = answer["incidents"].as_array().cloned().unwrap_or_default();
    let candidate = |incident: &Value| {
        let title = incident["alert"]["title"].as_str().unwrap_or_default();
        Some((incident["id"].as_str()?.to_owned(), title.to_lowercase()))
    };
    all.iter().filter_map(candidate).collect()
}

fn texts<'a>(list: &'a Value, name: &'static str) -> impl Iterator<Item = &'a str> {
    list.as_array().into_iter().flatten().filter_map(move |item| item[name].as_str())
}

fn plain(value: &str) -> Candidate {
    (value.to_owned(), String::new())
}

fn fitting(candidates: Vec<Candidate>, typed: &str) -> CompletionInfo {
    let mut values: Vec<String> = candidates
        .into_iter()
        .filter(|(value, text)| {
            value.to_lowercase().starts_with(typed) || text.contains(typed) && !typed.is_empty()
        })
        .map(|(value, _)| value)
        .collect();
    let total = u32::try_from(values.len()).ok();
    let more = values.len() > CompletionInfo::MAX_VALUES;
    values.truncate(CompletionInfo::MAX_VALUES);
    CompletionInfo::with_pagination(values, total, more).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fit_by_their_beginning_and_incidents_by_their_title() {
        let candidates =
            vec![("1ac1".to_owned(), "checkout is slow".to_owned()), ("2bd2".to_owned(), "redis".to_owned())];
        let values = |typed| fitting(candidates.clone(), typed).values;
        assert_eq!(values(""), ["1ac1", "2bd2"]);
        assert_eq!(values("1a"), ["1ac1"]);
        assert_eq!(values("slow"), ["1ac1"]);
        assert_eq!(values("zzz"), Vec::<String>::new());
    }

    #[test]
    fn never_more_than_a_hundred() {
        let many = (0..250).map(|number| plain(&format!("v{number}"))).collect();
        let info = fitting(many, "v");
        assert_eq!((info.values.len(), info.total, info.has_more), (100, Some(250), Some(true)));
    }

    #[test]
    fn arguments_that_have_no_completion_have_none() {
        assert_eq!(kind(&Reference::for_prompt("investigate_incident"), "incident_id"), Some(Kind::Incident));
        assert_eq!(
            kind(&Reference::for_resource("aurora://health/{component}"), "component"),
            Some(Kind::Component)
        );
        assert_eq!(kind(&Reference::for_prompt("investigate_incident"), "service_name"), None);
        assert_eq!(kind(&Reference::for_prompt("nothing"), "incident_id"), None);
    }
}
