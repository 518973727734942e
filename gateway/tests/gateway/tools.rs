//! The tools, as a client sees them.

use aurora_mcp_gateway::access::AccessRules;
use aurora_mcp_store::{Access, ApiRule, Bearer, Mode, NewManaged, OrgId, Owner, Settings, Store, UserId};
use aurora_mcp_test_database::seed::{ALICE, ALPHA};
use serde_json::{Value, json};

use crate::world::{ALICES, INCIDENT, World, run};

pub fn names(list: &Value) -> Vec<&str> {
    list["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

/// A token of Alice's with limits.
pub async fn limited(world: &World<'_>, access: Access) -> &'static str {
    const TOKEN: &str = "aurora_mcp_limited";
    let settings = Settings::from_lookup(|name| world.database.lookup(name)).unwrap();
    let store = Store::connect_lazy(&settings, "test", 2);
    store.migrate().await.unwrap();
    let owner = Owner {
        installation: "test".into(),
        uid: "uid".into(),
        namespace: "team".into(),
        name: "laptop".into(),
    };
    let managed = NewManaged {
        owner,
        serial: 1,
        digest: Bearer::parse(TOKEN).unwrap().digest(),
        adopt: None,
        user_id: UserId::new(ALICE),
        org_id: OrgId::new(ALPHA),
        display_name: "laptop".into(),
        expires_at: None,
        access,
        suspended: false,
    };
    store.register(&managed).await.unwrap();
    TOKEN
}

#[tokio::test]
async fn incidents_are_listed_by_status_and_page() {
    run(async |world| {
        let result = world.call("list_incidents", json!({"status": " Investigating ", "limit": "3"})).await;
        let page = &result["structuredContent"];
        let incidents = page["incidents"].as_array().unwrap();
        assert_eq!(incidents.len(), 3);
        assert!(incidents.iter().all(|incident| incident["status"] == "investigating"), "{page}");
        assert_eq!(page["next_offset"], 3);
        let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!(&text, page, "text and structure say the same");
        let next =
            world.call("list_incidents", json!({"status": "investigating", "limit": 3, "offset": 3})).await;
        assert_ne!(next["structuredContent"]["incidents"][0], incidents[0]);
        let all = world.call("list_incidents", json!({"limit": 10_000})).await;
        assert_eq!(all["structuredContent"]["total"], 29);
    })
    .await;
}

#[tokio::test]
async fn an_argument_that_a_tool_does_not_have_is_refused() {
    run(async |world| {
        for (tool, arguments, unknown) in [
            ("list_incidents", json!({"state": "open"}), "state"),
            ("get_graph_stats", json!({"depth": 1}), "depth"),
            ("aurora_api", json!({"path": "/api/incidents", "query": {"limit": 1}}), "query"),
        ] {
            let text = world.failing_call(tool, arguments).await;
            assert!(text.starts_with(&format!("unknown argument {unknown:?}: {tool} takes ")), "{text}");
        }
        assert!(world.asked().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_incident_comes_by_any_spelling_of_its_id() {
    run(async |world| {
        for id in [INCIDENT.to_uppercase(), INCIDENT.replace('-', ""), format!(" {INCIDENT}\n")] {
            let result = world.call("get_incident", json!({"incident_id": id})).await;
            assert_eq!(result["structuredContent"]["incident"]["id"], INCIDENT, "{id}");
            assert!(result["structuredContent"]["incident"].get("streamingThoughts").is_none());
        }
        let full = world.call("get_incident", json!({"incident_id": INCIDENT, "include": "thoughts"})).await;
        assert!(full["structuredContent"]["incident"]["streamingThoughts"].is_array());
    })
    .await;
}

#[tokio::test]
async fn the_graph_and_the_knowledge_base_answer() {
    run(async |world| {
        let stats = world.call("get_graph_stats", json!({})).await;
        assert!(stats["structuredContent"]["total_services"].is_number(), "{stats}");
        let found = world.call("search_knowledge_base", json!({"query": "redis", "limit": "2"})).await;
        assert!(found["structuredContent"]["results"].is_array(), "{found}");
    })
    .await;
}

#[tokio::test]
async fn an_empty_search_says_when_it_proves_nothing() {
    run(async |world| {
        crate::world::eventually("the probe sees that Weaviate is away", async || {
            world.call("search_knowledge_base", json!({"query": "zzzzqqqq"})).await["structuredContent"]
                .get("warning")
                .is_some()
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn what_aurora_refuses_is_told_with_status_and_hint_but_without_its_text() {
    run(async |world| {
        for (fault, expected) in [
            (json!({"kind": "status", "status": 400}), "400"),
            (json!({"kind": "status", "status": 401}), "401"),
            (json!({"kind": "status", "status": 403}), "403"),
            (json!({"kind": "status", "status": 405}), "405"),
            (json!({"kind": "rate_limit"}), "429"),
            (json!({"kind": "error"}), "500"),
            (json!({"kind": "html"}), "502"),
            (json!({"kind": "broken_json"}), "not JSON"),
            (json!({"kind": "drop"}), "cannot be reached"),
        ] {
            let mut order = fault.clone();
            order["path"] = json!("/api/incidents");
            world.order("faults", order).await;
            let text = world.failing_call("list_incidents", json!({})).await;
            assert!(text.contains(expected), "{fault}: {text}");
            assert!(text.len() > 40 && text.len() < 400, "a hint and no page: {text}");
            assert!(!text.contains('<') && !text.contains("Traceback"), "{text}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_read_only_token_sees_and_calls_what_reads() {
    run(async |world| {
        let token = limited(world, Access { mode: Mode::ReadOnly, tools: None, api: None }).await;
        let list = world.rpc(token, "tools/list", json!({})).await.result();
        let listed = names(&list);
        let first =
            ["list_incidents", "get_incident", "get_graph_stats", "search_knowledge_base", "aurora_api"];
        assert_eq!(listed[..5], first);
        assert!(!listed.contains(&"trigger_rca") && listed.contains(&"call_tool"), "{listed:?}");
        let call = |name: &str, arguments: Value| json!({"name": name, "arguments": arguments});
        let ask = call("ask_incident", json!({"incident_id": INCIDENT, "question": "why?"}));
        assert_eq!(world.rpc(token, "tools/call", ask).await.code(), -32602, "not listed, not called");
        let write = call("aurora_api", json!({"method": "PATCH", "path": "/api/incidents/x", "body": {}}));
        let refused = world.rpc(token, "tools/call", write).await.result();
        assert!(refused["content"][0]["text"].as_str().unwrap().contains("does not permit"), "{refused}");
        let read = call("aurora_api", json!({"path": "/api/incidents"}));
        assert_eq!(world.rpc(token, "tools/call", read).await.result()["isError"], false);
        assert!(world.asked().await.iter().all(|entry| entry["method"] == "GET"));
    })
    .await;
}

#[tokio::test]
async fn a_list_of_tools_and_paths_is_all_there_is() {
    run(async |world| {
        let rule = ApiRule { methods: vec!["GET".into()], path: "/api/incidents/**".into() };
        let tools = Some(vec!["aurora_api".to_owned()]);
        let token = limited(world, Access { mode: Mode::ReadWrite, tools, api: Some(vec![rule]) }).await;
        assert_eq!(names(&world.rpc(token, "tools/list", json!({})).await.result()), ["aurora_api"]);
        assert_eq!(world.rpc(token, "tools/call", json!({"name": "list_incidents"})).await.code(), -32602);
        for (path, allowed) in [("/api/incidents", true), ("/api/actions", false)] {
            let call = json!({"name": "aurora_api", "arguments": {"path": path}});
            assert_eq!(world.rpc(token, "tools/call", call).await.result()["isError"], !allowed, "{path}");
        }
        let resources = world.rpc(token, "resources/list", json!({})).await.result().to_string();
        assert!(!resources.contains("aurora://incidents/recent"), "a resource is no way around a tool");
        let read = world.rpc(token, "resources/read", json!({"uri": "aurora://incidents/recent"})).await;
        assert_eq!(read.code(), -32002);
    })
    .await;
}

#[tokio::test]
async fn an_unknown_tool_is_a_protocol_error() {
    run(async |world| {
        for name in ["", "list_incident", "LIST_INCIDENTS", "../list_incidents", "chat_with_aurora"] {
            let answer = world.rpc(ALICES, "tools/call", json!({"name": name})).await;
            assert_eq!((answer.status, answer.code()), (200, -32602), "{name:?}");
        }
        assert!(AccessRules::unlimited().permits_tool("anything"));
    })
    .await;
}
