//! The captured exchanges, replayed, and what state adds to them.

use super::*;
use crate::answer::Body;
use bytes::Bytes;
use serde_json::{Value, json};

const SECRET: &str = "s3cret";
const ALICE: [(&str, &str); 3] = [
    ("x-internal-secret", SECRET),
    ("x-user-id", "0a11ce00-0000-4000-8000-000000000001"),
    ("x-org-id", "a1fa0000-0000-4000-8000-00000000000a"),
];
const BOB: [(&str, &str); 3] = [
    ("x-internal-secret", SECRET),
    ("x-user-id", "0b0b0000-0000-4000-8000-000000000004"),
    ("x-org-id", "be7a0000-0000-4000-8000-00000000000b"),
];
type Headers<'a> = &'a [(&'static str, &'a str)];
const INCIDENT: &str = "/api/incidents/11111111-1111-4111-8111-000000000001";

fn stand_in() -> StandIn {
    StandIn::new(Options::new(SECRET)).unwrap()
}

fn answer(stand_in: &StandIn, request: &Received) -> Answer {
    match stand_in.react(request) {
        Reaction::Answer { answer, .. } => *answer,
        Reaction::Drop => panic!("dropped"),
    }
}

fn body(answer: &Answer) -> Value {
    match &answer.body {
        Body::Json(value) => value.clone(),
        other => panic!("{other:?}"),
    }
}

fn get(stand_in: &StandIn, target: &str, who: &[(&'static str, &str)]) -> Answer {
    answer(stand_in, &Received::example("GET", target, who))
}

fn post(stand_in: &StandIn, target: &str, who: &[(&'static str, &str)], json: &Value) -> Answer {
    let mut request = Received::example("POST", target, who);
    request.headers.insert("content-type", "application/json".parse().unwrap());
    request.body = Bytes::from(json.to_string());
    answer(stand_in, &request)
}

#[test]
fn every_captured_request_gets_the_captured_answer() {
    // Their ids were drawn by the real server.
    let drawn = ["chat_post", "chat_session_after_post", "chat_session_status_after_post"];
    let samples = Samples::load().unwrap();
    for (name, sample) in samples.all().filter(|(name, _)| !drawn.contains(&name.as_str())) {
        let mut request = Received::example(&sample.request.method, &sample.request.path, &[]);
        for (header, value) in &sample.request.headers {
            let value = if value == "<secret>" { SECRET } else { value };
            let header: http::HeaderName = header.parse().unwrap();
            request.headers.insert(header, value.parse().unwrap());
        }
        if let Some(json) = &sample.request.json {
            request.headers.insert("content-type", "application/json".parse().unwrap());
            request.body = Bytes::from(json.to_string());
        }
        let answered = answer(&stand_in(), &request);
        assert_eq!(answered.status.as_u16(), sample.status, "{name}");
        if let Body::Json(value) = answered.body {
            assert_eq!(timeless(value), timeless(sample.body.clone()), "{name}");
        }
    }
}

/// A health report without what differs from call to call.
fn timeless(mut body: Value) -> Value {
    if let Some(report) = body.as_object_mut().filter(|report| report.contains_key("overall_status")) {
        report.remove("timestamp");
        report.remove("response_time_ms");
    }
    body
}

#[test]
fn checks_come_in_flasks_order() {
    let stand_in = stand_in();
    let table: [(&str, &str, Headers<'_>, u16); 8] = [
        ("GET", "/api/no-such-thing", &[], 403),
        ("GET", "/api/no-such-thing", &ALICE[..1], 404),
        ("PUT", "/api/incidents", &ALICE[..1], 405),
        ("GET", "/api/incidents", &ALICE[..1], 401),
        ("GET", "/api/incidents", &ALICE[..2], 200),
        ("GET", "/health", &[], 308),
        ("GET", "/health/liveness", &[], 200),
        ("GET", "/api/routes", &ALICE[..1], 401),
    ];
    for (method, target, headers, status) in table {
        let answered = answer(&stand_in, &Received::example(method, target, headers));
        assert_eq!(answered.status.as_u16(), status, "{method} {target} {headers:?}");
    }
}

#[test]
fn a_session_stays_in_progress_and_then_has_an_answer() {
    let stand_in = stand_in();
    post(&stand_in, "/_test/chat", &[], &json!({"polls": 2, "outcome": "completed"}));
    let asked = post(&stand_in, &format!("{INCIDENT}/chat"), &ALICE, &json!({"question": "why?"}));
    assert_eq!(asked.status, 202);
    let id = body(&asked)["session_id"].as_str().unwrap().to_owned();
    let status = || body(&get(&stand_in, &format!("/chat_api/sessions/{id}/status"), &ALICE));
    assert_eq!(status(), json!({"status": "in_progress", "message_count": 1}));
    assert_eq!(status()["status"], "in_progress");
    assert_eq!(status(), json!({"status": "completed", "message_count": 2}));
    let rest = body(&get(&stand_in, &format!("/chat_api/sessions/{id}/messages?after=1"), &ALICE));
    assert_eq!(rest["messages"].as_array().unwrap().len(), 1);
    assert_eq!(rest["messages"][0]["sender"], "bot");
    assert_eq!(rest["seq"], 2);
}

#[test]
fn a_cancelled_session_is_hidden_but_its_messages_are_not() {
    let stand_in = stand_in();
    let id = "33333333-3333-4333-8333-000000000004";
    assert_eq!(get(&stand_in, &format!("/chat_api/sessions/{id}"), &ALICE).status, 404);
    assert_eq!(get(&stand_in, &format!("/chat_api/sessions/{id}/messages"), &ALICE).status, 200);
}

#[test]
fn organisations_never_see_each_other() {
    let stand_in = stand_in();
    assert_eq!(get(&stand_in, INCIDENT, &BOB).status, 404);
    assert_eq!(get(&stand_in, &format!("{INCIDENT}/alerts"), &BOB).status, 404);
    assert_eq!(post(&stand_in, &format!("{INCIDENT}/chat"), &BOB, &json!({"question": "x"})).status, 404);
    let session = "/chat_api/sessions/33333333-3333-4333-8333-000000000001";
    assert_eq!(get(&stand_in, session, &BOB).status, 404);
    assert_eq!(body(&get(&stand_in, "/api/incidents", &BOB))["total"], 1);
    assert_eq!(body(&get(&stand_in, "/api/graph/stats", &BOB))["total_services"], 0);
    let found = post(&stand_in, "/api/knowledge-base/search", &BOB, &json!({"query": "redis"}));
    assert_eq!(body(&found)["results"], json!([]));
}

#[test]
fn a_leaked_bearer_fails_loudly_and_stays_in_the_journal() {
    let stand_in = stand_in();
    let leaked = Received::example("GET", "/api/incidents", &[("authorization", "Bearer aurora_mcp_x")]);
    let answered = answer(&stand_in, &leaked);
    assert_eq!(answered.status, 500);
    assert!(body(&answered)["error"].as_str().unwrap().starts_with("STAND-IN:"));
    let journal = body(&get(&stand_in, "/_test/requests", &[]));
    assert_eq!(journal["violations"], 1);
    assert_eq!(journal["requests"][0]["violation"], "authorization_header");
    assert_eq!(journal["requests"].as_array().unwrap().len(), 1, "control requests are not recorded");
}

#[test]
fn faults_hit_the_next_requests_of_their_path_only() {
    let stand_in = stand_in();
    let order = |fault: Value| assert_eq!(post(&stand_in, "/_test/faults", &[], &fault).status, 200);
    order(json!({"kind": "rate_limit", "retry_after": 7, "count": 2, "path": "/api/incidents"}));
    assert_eq!(get(&stand_in, "/api/graph/stats", &ALICE).status, 200);
    let limited = get(&stand_in, "/api/incidents", &ALICE);
    assert_eq!(limited.status, 429);
    assert!(limited.headers.contains(&("retry-after", "7".to_owned())));
    assert_eq!(get(&stand_in, "/api/incidents", &ALICE).status, 429);
    assert_eq!(get(&stand_in, "/api/incidents", &ALICE).status, 200);
    order(json!({"kind": "drop"}));
    assert_eq!(stand_in.react(&Received::example("GET", "/api/incidents", &ALICE)), Reaction::Drop);
    order(json!({"kind": "slow", "ms": 250}));
    let slow = stand_in.react(&Received::example("GET", "/api/incidents", &ALICE));
    assert!(matches!(slow, Reaction::Answer { after, .. } if after == Duration::from_millis(250)));
    for (kind, status) in [("error", 500), ("html", 502), ("broken_json", 200), ("unhealthy", 503)] {
        order(json!({ "kind": kind }));
        assert_eq!(get(&stand_in, "/api/incidents", &ALICE).status, status, "{kind}");
    }
    assert_eq!(post(&stand_in, "/_test/faults", &[], &json!({"kind": "flood"})).status, 400);
}

#[test]
fn health_has_three_states_and_takes_its_time() {
    let stand_in = stand_in();
    for (state, status, overall) in
        [("healthy", 200, "healthy"), ("degraded", 200, "degraded"), ("unhealthy", 503, "unhealthy")]
    {
        post(&stand_in, "/_test/health", &[], &json!({ "state": state }));
        let Reaction::Answer { answer, after } = stand_in.react(&Received::example("GET", "/health/", &[]))
        else {
            panic!("dropped")
        };
        assert_eq!(after, Duration::from_secs(1));
        assert_eq!(answer.status, status);
        assert_eq!(body(&answer)["overall_status"], overall);
    }
}
