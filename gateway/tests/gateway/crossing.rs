//! Many users' requests with equal ids, held in Aurora until all are there and then answered last come, first served.

use std::collections::HashMap;
use std::sync::Arc;

use aurora_mcp_test_database::seed::{ALICE, ALPHA, BETA, BOB, EDDIE};
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::{Json, Router, routing::get};
use futures::future::join_all;
use serde_json::{Value, json};
use tokio::sync::{Barrier, Mutex, watch};

use crate::world::{ALICES, BOBS, World, run_with};

const EDDIES: &str = "aurora_mcp_eddie";
const AT_ONCE: usize = 48;

/// An Aurora that answers nobody before everybody has asked, and then in the reverse order.
#[derive(Clone)]
struct Reversed {
    all: Arc<Barrier>,
    arrived: Arc<Mutex<usize>>,
    next: watch::Sender<usize>,
}

impl Reversed {
    fn router() -> Router {
        let (next, _) = watch::channel(AT_ONCE);
        let state = Self { all: Arc::new(Barrier::new(AT_ONCE)), arrived: Arc::default(), next };
        Router::new().route("/api/echo/{turn}", get(echo)).with_state(state)
    }
}

async fn echo(State(aurora): State<Reversed>, Path(turn): Path<String>, headers: HeaderMap) -> Json<Value> {
    let place = {
        let mut arrived = aurora.arrived.lock().await;
        *arrived += 1;
        *arrived
    };
    aurora.all.wait().await;
    aurora.next.subscribe().wait_for(|next| *next == place).await.unwrap();
    aurora.next.send_replace(if place == 1 { AT_ONCE } else { place - 1 });
    if place == 1 {
        *aurora.arrived.lock().await = 0;
    }
    let said = |name: &str| headers[name].to_str().unwrap().to_owned();
    Json(json!({"user": said("x-user-id"), "org": said("x-org-id"), "turn": turn}))
}

/// Whose token is used in a turn.
fn whose(turn: usize) -> (&'static str, &'static str, &'static str) {
    [(ALICES, ALICE, ALPHA), (BOBS, BOB, BETA), (EDDIES, EDDIE, ALPHA)][turn % 3]
}

async fn ask(world: &World<'_>, http: &reqwest::Client, turn: usize, streamed: bool) {
    let (token, user, org) = whose(turn);
    let mut params = json!({"name": "aurora_api", "arguments": {"path": format!("/api/echo/{turn}")}});
    if streamed {
        params["_meta"] = json!({"progressToken": 1});
    }
    let response = http
        .post(world.url("/mcp"))
        .bearer_auth(token)
        .header("accept", "application/json, text/event-stream")
        .json(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200, "turn {turn}");
    let text = response.text().await.unwrap();
    let last = text.lines().filter_map(|line| line.strip_prefix("data: ")).next_back().unwrap_or(&text);
    let answer: Value = serde_json::from_str(last).unwrap();
    assert_eq!(answer["id"], 1);
    let expected = json!({"user": user, "org": org, "turn": turn.to_string()});
    assert_eq!(answer["result"]["structuredContent"]["data"], expected, "turn {turn}: {text}");
    assert_eq!(text.matches(r#""jsonrpc""#).count(), 1, "no second message: {text}");
}

async fn all_at_once(client: impl Fn() -> reqwest::Client, streamed: bool) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let aurora = tokio::spawn(async { axum::serve(listener, Reversed::router()).await });
    run_with(
        |config| {
            config.aurora.base = base.parse().unwrap();
            config.shares.token_per_second = 0;
            config.shares.address_per_second = 0;
        },
        async |world| {
            world.database.add_clear(EDDIES, EDDIE, ALPHA).await;
            let clients: HashMap<&str, reqwest::Client> =
                [ALICES, BOBS, EDDIES].map(|token| (token, client())).into();
            for _ in 0..3 {
                join_all((0..AT_ONCE).map(|turn| ask(world, &clients[whose(turn).0], turn, streamed))).await;
            }
        },
    )
    .await;
    aurora.abort();
}

#[tokio::test]
async fn answers_in_the_reverse_order_reach_their_own_requests() {
    all_at_once(|| reqwest::Client::builder().no_proxy().build().unwrap(), false).await;
}

#[tokio::test]
async fn streams_with_equal_ids_and_progress_tokens_never_cross() {
    all_at_once(|| reqwest::Client::builder().no_proxy().build().unwrap(), true).await;
}

/// As behind a proxy that multiplexes all its users on one connection.
#[tokio::test]
async fn users_who_share_one_connection_of_http_2_never_cross() {
    let shared = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    all_at_once(|| shared.clone(), false).await;
}
