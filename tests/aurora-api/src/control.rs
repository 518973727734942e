//! `/_test/`: how a test steers the stand-in and reads what it was sent.
//!
//! | request | effect |
//! | --- | --- |
//! | GET `/_test/requests` | `{requests: [...], violations}` |
//! | DELETE `/_test/requests` | forgets the requests, not the violations |
//! | POST `/_test/faults` `{kind, count?, path?, …}` | orders a fault ([`crate::faults::Kind`]) |
//! | DELETE `/_test/faults` | no fault any more |
//! | POST `/_test/health` `{state}` | healthy, degraded or unhealthy |
//! | POST `/_test/connectors` `{name: bool}` | what `/api/connectors/status` says besides what was captured |
//! | POST `/_test/chat` `{polls, outcome}` | what the next chat turns will do |

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use crate::answer::Answer;
use crate::chat::Script;
use crate::faults::Fault;
use crate::health::State as HealthState;
use crate::received::Received;
use crate::stand_in::State;

pub const PREFIX: &str = "/_test/";

#[derive(Deserialize)]
struct HealthOrder {
    state: HealthState,
}

/// Answers a control request. It is not recorded and not checked.
pub fn answer(state: &mut State, request: &Received) -> Answer {
    let order = request.raw_path.strip_prefix(PREFIX).unwrap_or_default();
    let done = match (&request.method, order) {
        (&Method::GET, "requests") => return Answer::ok(json!(state.journal)),
        (&Method::DELETE, "requests") => {
            state.journal.clear();
            Ok(())
        }
        (&Method::POST, "faults") => parse::<Fault>(request).map(|fault| state.faults.order(fault)),
        (&Method::DELETE, "faults") => {
            state.faults.clear();
            Ok(())
        }
        (&Method::POST, "health") => {
            parse::<HealthOrder>(request).map(|order| state.health.state = order.state)
        }
        (&Method::POST, "connectors") => parse(request).map(|connectors| state.connectors = connectors),
        (&Method::POST, "chat") => parse::<Script>(request).map(|script| state.chat.script = script),
        _ => return Answer::error(StatusCode::NOT_FOUND, "no such control"),
    };
    match done {
        Ok(()) => Answer::ok(json!({ "ok": true })),
        Err(error) => Answer::error(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

fn parse<T: for<'de> Deserialize<'de>>(request: &Received) -> Result<T, serde_json::Error> {
    serde_json::from_slice(&request.body)
}
