//! From a rule to its answer: the few that have state, and for all others the captured sample.

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, Body};
use crate::gate::{Caller, Passed};
use crate::people::ALPHA;
use crate::received::Received;
use crate::samples::{Samples, emptied};
use crate::stand_in::State;

const INCIDENT: &str = "/api/incidents/<incident_id>";

/// Answers a request that passed every check.
pub fn answer(state: &mut State, samples: &Samples, passed: &Passed<'_>, request: &Received) -> Answer {
    let method = if request.method == http::Method::HEAD { "GET" } else { request.method.as_str() };
    let rule = passed.route.path.as_str();
    match (method, rule) {
        ("GET", "/health/") => return state.health.report(),
        ("GET", "/health/readiness") => return state.health.readiness(),
        ("GET", "/api/routes") => return catalogue(samples),
        _ => {}
    }
    let Some(caller) = &passed.caller else {
        return captured(samples, method, rule, None, request);
    };
    let argument = passed.arguments.first().map_or("", String::as_str);
    match (method, rule) {
        ("GET", "/api/connectors/status") => {
            let mut answer = captured(samples, method, rule, Some(caller), request);
            if let Body::Json(body) = &mut answer.body {
                for (name, connected) in &state.connectors {
                    body["connectors"][name] = json!({ "connected": connected });
                }
            }
            answer
        }
        ("GET", "/api/incidents") => state.incidents.list(&caller.org, request),
        ("POST", "/api/knowledge-base/search") => {
            with_json(request, |body| state.knowledge.search(&caller.org, body))
        }
        ("GET", "/chat_api/sessions/<session_id>") => state.chat.session(caller, argument),
        ("GET", "/chat_api/sessions/<session_id>/status") => state.chat.status(caller, argument),
        ("GET", "/chat_api/sessions/<session_id>/messages") => state.chat.messages(caller, argument, request),
        ("POST", "/chat_api/sessions/<session_id>/messages") => {
            with_json(request, |body| state.chat.follow_up(caller, argument, body))
        }
        _ if rule.starts_with(INCIDENT) => incident(state, samples, passed, caller, request),
        _ => captured(samples, method, rule, Some(caller), request),
    }
}

/// Everything below one incident belongs to the incident's organisation.
fn incident(
    state: &mut State,
    samples: &Samples,
    passed: &Passed<'_>,
    caller: &Caller,
    request: &Received,
) -> Answer {
    let method = request.method.as_str();
    let rule = passed.route.path.as_str();
    let suffix = rule.strip_prefix(INCIDENT).unwrap_or_default();
    if (method, suffix) == ("POST", "/chat") && request.json().is_none() {
        return Answer::unsupported_media_type();
    }
    let id = passed.arguments.first().map_or("", String::as_str);
    let id = match state.incidents.locate(&caller.org, id) {
        Ok(id) => id,
        Err(answer) => return *answer,
    };
    match (method, suffix) {
        ("GET" | "HEAD", "") => state.incidents.get(&caller.org, id),
        ("PATCH", "") => with_json(request, |body| state.incidents.patch(&caller.org, id, body)),
        ("POST", "/chat") => with_json(request, |body| state.chat.ask(caller, id, request, body)),
        _ => captured(samples, method, rule, Some(caller), request),
    }
}

fn with_json(request: &Received, handle: impl FnOnce(&Value) -> Answer) -> Answer {
    request.json().map_or_else(Answer::unsupported_media_type, |body| handle(&body))
}

/// A captured answer. Other organisations get the same shape without Alpha's data.
fn captured(
    samples: &Samples,
    method: &str,
    rule: &str,
    caller: Option<&Caller>,
    request: &Received,
) -> Answer {
    let foreign = caller.is_some_and(|caller| caller.org != ALPHA);
    let names_one = rule.ends_with('>');
    let own = samples.answer(method, &request.path(), &request.raw_query, request.json().as_ref());
    match own.filter(|_| !foreign) {
        Some(answer) => answer,
        None => match samples.sibling(method, rule) {
            Some(_) if names_one => Answer::error(StatusCode::NOT_FOUND, "Not found"),
            Some(body) => Answer::ok(emptied(body.clone())),
            None => Answer::error(StatusCode::NOT_IMPLEMENTED, "no answer of this route was captured"),
        },
    }
}

fn catalogue(samples: &Samples) -> Answer {
    let one = |route: &crate::routes::Route| json!({ "path": route.path, "methods": route.methods });
    Answer::ok(samples.routes.iter().map(one).collect())
}
