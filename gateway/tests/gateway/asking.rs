//! `ask_incident` waits, reports progress, and hands out a handle when it takes too long. Other tools say that they wait.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{ALICES, INCIDENT, run, run_with};

#[tokio::test]
async fn the_answer_is_waited_for() {
    run(async |world| {
        world.order("chat", json!({"polls": 2, "outcome": "completed"})).await;
        let result = world.call("ask_incident", json!({"incident_id": INCIDENT, "question": "why?"})).await;
        let content = &result["structuredContent"];
        assert_eq!(content["status"], "completed", "{content}");
        assert!(content["answer"].as_str().is_some_and(|text| !text.is_empty()));
    })
    .await;
}

#[tokio::test]
async fn after_the_wait_the_session_is_a_handle_to_go_on_with() {
    let short = |config: &mut aurora_mcp_gateway::Config| config.tools.ask_wait = Duration::from_millis(200);
    run_with(short, async |world| {
        world.order("chat", json!({"polls": 4, "outcome": "completed"})).await;
        let question = json!({"incident_id": INCIDENT, "question": "why?"});
        let mut content = world.call("ask_incident", question).await["structuredContent"].clone();
        assert_eq!(content["status"], "in_progress", "{content}");
        let session = content["session_id"].clone();
        let mut rounds = 0;
        while content["status"] == "in_progress" {
            rounds += 1;
            assert!(rounds < 20, "{content}");
            content =
                world.call("ask_incident", json!({"session_id": session})).await["structuredContent"].clone();
        }
        assert_eq!(content["status"], "completed");
        let posts = world.asked().await.iter().filter(|entry| entry["method"] == "POST").count();
        assert_eq!(posts, 1, "the question is asked once");
    })
    .await;
}

#[tokio::test]
async fn a_session_that_fails_says_so() {
    run(async |world| {
        world.order("chat", json!({"polls": 1, "outcome": "failed"})).await;
        let result = world.call("ask_incident", json!({"incident_id": INCIDENT, "question": "why?"})).await;
        assert_eq!(result["structuredContent"]["status"], "failed");
    })
    .await;
}

#[tokio::test]
async fn progress_is_streamed_to_a_client_that_asks_for_it() {
    run(async |world| {
        world.order("chat", json!({"polls": 2, "outcome": "completed"})).await;
        let params = json!({
            "name": "ask_incident",
            "arguments": {"incident_id": INCIDENT, "question": "why?"},
            "_meta": {"progressToken": "p1"},
        });
        let answer = world.rpc(ALICES, "tools/call", params).await;
        assert_eq!(answer.header("content-type"), "text/event-stream");
        let (progress, last) = streamed(&answer.text);
        assert!(progress.len() >= 2, "{progress:?}");
        assert_eq!(last["result"]["structuredContent"]["status"], "completed");
    })
    .await;
}

#[tokio::test]
async fn any_other_tool_says_every_so_often_that_it_waits() {
    run_with(
        |config| config.tools.sign_of_life = Duration::from_millis(50),
        async |world| {
            let params = json!({"name": "list_incidents", "_meta": {"progressToken": "p1"}});
            let (progress, last) = streamed(&world.rpc(ALICES, "tools/call", params.clone()).await.text);
            assert!(last["result"]["structuredContent"]["incidents"].is_array(), "{last}");
            let quick = progress.len();
            world.order("faults", json!({"kind": "slow", "ms": 500, "path": "/api/incidents"})).await;
            let (progress, last) = streamed(&world.rpc(ALICES, "tools/call", params).await.text);
            assert!(last["result"]["structuredContent"]["incidents"].is_array(), "{last}");
            assert!(progress.len() > quick + 1, "{progress:?}");
            let said = progress[0]["params"]["message"].as_str().unwrap();
            assert!(said.starts_with("list_incidents is waiting for Aurora"), "{said}");
        },
    )
    .await;
}

/// The progress in a stream, which grows, and the answer after it.
fn streamed(text: &str) -> (Vec<Value>, Value) {
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let mut events: Vec<Value> = data.map(|data| serde_json::from_str(data).unwrap()).collect();
    let last = events.pop().unwrap();
    let mut before = -1.0;
    for event in &events {
        assert_eq!(event["method"], "notifications/progress");
        assert_eq!(event["params"]["progressToken"], "p1");
        let now = event["params"]["progress"].as_f64().unwrap();
        assert!(now > before, "progress grows");
        before = now;
    }
    (events, last)
}

#[tokio::test]
async fn a_client_that_goes_away_stops_the_polling() {
    run(async |world| {
        world.order("chat", json!({"polls": 1000, "outcome": "completed"})).await;
        let call =
            json!({"name": "ask_incident", "arguments": {"incident_id": INCIDENT, "question": "why?"}});
        let asking = world.rpc(ALICES, "tools/call", call);
        assert!(tokio::time::timeout(Duration::from_millis(800), asking).await.is_err(), "still waiting");
        let idle = async || world.metrics().await.contains("aurora_mcp_requests_in_flight 0");
        crate::world::eventually("the request is over", idle).await;
        assert!(world.metrics().await.contains(r#"target="ask_incident",outcome="cancelled""#));
        let polls = world.asked().await.len();
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(world.asked().await.len(), polls, "nobody polls any more");
    })
    .await;
}

#[tokio::test]
async fn a_bad_moment_of_auroras_is_waited_out() {
    run(async |world| {
        world.order("chat", json!({"polls": 1, "outcome": "completed"})).await;
        for fault in [json!({"kind": "error"}), json!({"kind": "drop"}), json!({"kind": "rate_limit"})] {
            let mut order = fault;
            order["path"] = json!("/chat_api");
            world.order("faults", order).await;
        }
        let result = world.call("ask_incident", json!({"incident_id": INCIDENT, "question": "why?"})).await;
        assert_eq!(result["structuredContent"]["status"], "completed", "{result}");
    })
    .await;
}
