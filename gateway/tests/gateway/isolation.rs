//! Two users at once: no answer ever reaches the other one.

use aurora_mcp_test_database::seed::{ALICE, ALPHA, BETA, BOB};
use futures::future::join_all;
use serde_json::json;

use crate::world::{ALICES, BOBS, INCIDENT, run};

#[tokio::test]
async fn interleaved_calls_with_equal_ids_never_cross() {
    run(async |world| {
        world.order("faults", json!({"kind": "slow", "ms": 30, "count": 20, "path": "/api/incidents"})).await;
        let calls = (0..80).map(|turn| async move {
            let alice = turn % 2 == 0;
            let token = if alice { ALICES } else { BOBS };
            let result = world.rpc(token, "resources/read", json!({"uri": "aurora://whoami"})).await.result();
            let text = result["contents"][0]["text"].as_str().unwrap().to_owned();
            let (user, org) = if alice { (ALICE, ALPHA) } else { (BOB, BETA) };
            assert!(text.contains(user) && text.contains(org), "{text}");
            let list = world.rpc(token, "tools/call", json!({"name": "list_incidents"})).await.result();
            let seen = list["structuredContent"].to_string().contains(INCIDENT);
            assert_eq!(seen, alice, "turn {turn}");
        });
        join_all(calls).await;
    })
    .await;
}

#[tokio::test]
async fn a_foreign_incident_does_not_exist() {
    run(async |world| {
        let arguments = json!({"name": "get_incident", "arguments": {"incident_id": INCIDENT}});
        let own = world.rpc(ALICES, "tools/call", arguments.clone()).await.result();
        assert_eq!(own["structuredContent"]["incident"]["id"], INCIDENT);
        let foreign = world.rpc(BOBS, "tools/call", arguments).await.result();
        assert_eq!(foreign["isError"], true);
        assert!(foreign["content"][0]["text"].as_str().unwrap().contains("404"));
    })
    .await;
}

#[tokio::test]
async fn identity_comes_from_the_token_alone() {
    run(async |world| {
        let bearer = format!("Bearer {ALICES}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("x-user-id", BOB),
            ("x-org-id", BETA),
            ("x-internal-secret", "guess"),
            ("x-forwarded-for", "127.0.0.1"),
            ("x-rate-limit-bypass", "guess"),
            ("cookie", "session=1"),
        ];
        let body =
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list_incidents"}});
        assert_eq!(world.post(&headers, body.to_string()).await.status, 200);
        let asked = world.asked().await;
        let sent = &asked.last().unwrap()["headers"];
        assert_eq!((sent["x-user-id"].as_str(), sent["x-org-id"].as_str()), (Some(ALICE), Some(ALPHA)));
        for name in
            ["authorization", "x-forwarded-for", "x-rate-limit-bypass", "cookie", "x-aurora-mcp-token"]
        {
            assert!(sent.get(name).is_none(), "{name} reached Aurora");
        }
        assert!(sent["traceparent"].as_str().is_some_and(|text| text.len() == 55), "{sent}");
        assert!(sent["x-request-id"].is_string());
    })
    .await;
}
