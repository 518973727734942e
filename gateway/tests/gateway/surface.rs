//! The tools of Aurora's newer server, and that none of them is a way round a limit.

use aurora_mcp_store::{Access, ApiRule, Mode};
use serde_json::{Value, json};

use crate::tools::{limited, names};
use crate::world::{ALICES, BOBS, INCIDENT, World, run};

const INVESTIGATED: &str = "11111111-1111-4111-8111-000000000002";

async fn refused(world: &World<'_>, token: &str, tool: &str, arguments: Value) -> String {
    let call = json!({"name": tool, "arguments": arguments});
    let result = world.rpc(token, "tools/call", call).await.result();
    assert_eq!(result["isError"], true, "{result}");
    result["content"][0]["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_reading_tool_answers_from_its_route() {
    run(async |world| {
        let actions = world.call("list_actions", json!({})).await["structuredContent"].clone();
        assert!(actions["actions"].as_array().is_some_and(|list| !list.is_empty()), "{actions}");
        for (tool, arguments, member) in [
            ("list_services", json!({}), "services"),
            ("service_impact", json!({"name": "checkout"}), "impact"),
            ("get_infrastructure_context", json!({}), "content"),
            ("incident_list_alerts", json!({"incidentId": INCIDENT}), "alerts"),
            ("incident_findings", json!({"incident_id": INVESTIGATED}), "findings"),
            ("incident_finding_detail", json!({"incident_id": INVESTIGATED, "agent_id": "sa_1"}), "status"),
            ("knowledge_base_search", json!({"query": "redis"}), "results"),
            ("search_runbooks", json!({"query": "redis"}), "sources"),
            ("call_tool", json!({"name": "postmortem_list"}), "data"),
        ] {
            let result = world.call(tool, arguments).await;
            assert_eq!(result["isError"], false, "{tool}: {result}");
            assert!(!result["structuredContent"][member].is_null(), "{tool}: {result}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_investigation_is_started_and_a_wrong_severity_is_told_apart() {
    run(async |world| {
        let problem = json!({"issue_description": "latency in checkout", "severity": "High"});
        let started = world.call("trigger_rca", problem).await;
        assert!(started["structuredContent"]["incident_id"].is_string(), "{started}");
        let urgent = json!({"issue_description": "x", "severity": "urgent"});
        assert!(world.failing_call("trigger_rca", urgent).await.contains("critical, high, medium, low"));
        assert_eq!(world.asked().await.len(), 1, "the second one never reached Aurora");
    })
    .await;
}

#[tokio::test]
async fn a_refusal_of_auroras_is_quoted() {
    run(async |world| {
        let update =
            json!({"name": "incident_update", "args": {"incident_id": INCIDENT, "status": "closed"}});
        let text = world.failing_call("call_tool", update).await;
        assert!(text.contains("400") && text.contains("Must be one of: merged, analyzed"), "{text}");
    })
    .await;
}

#[tokio::test]
async fn gated_tools_are_listed_while_their_connector_is_connected() {
    run(async |world| {
        world.order("connectors", json!({"jira": true, "splunk": false})).await;
        let list = world.rpc(ALICES, "tools/list", json!({})).await.result();
        assert!(names(&list).contains(&"query_jira") && !names(&list).contains(&"query_logs"));
        let text = world.failing_call("query_logs", json!({"query": "error"})).await;
        assert!(text.contains("Not connected") && text.contains("datadog or splunk"), "{text}");
        let text = world.failing_call("call_tool", json!({"name": "sentry_list_projects"})).await;
        assert!(text.contains("Not connected") && text.contains("sentry"), "{text}");
        let asked = world.asked().await;
        assert!(asked.iter().all(|entry| entry["path"] == "/api/connectors/status"), "{asked:?}");
        assert_eq!(asked.len(), 1, "the status is remembered");
    })
    .await;
}

#[tokio::test]
async fn findings_of_another_organisation_are_never_asked_for() {
    run(async |world| {
        let path = format!("/api/incidents/{INVESTIGATED}/findings");
        for (tool, arguments) in [
            ("incident_findings", json!({"incident_id": INVESTIGATED})),
            ("incident_finding_detail", json!({"incident_id": INVESTIGATED, "agent_id": "sa_1"})),
            ("aurora_api", json!({"path": path})),
            ("aurora_api", json!({"path": path.replace("findings", "%66indings/sa_1")})),
        ] {
            assert!(refused(world, BOBS, tool, arguments).await.contains("404"), "{tool}");
        }
        let asked = world.asked().await;
        assert_eq!(asked.len(), 4);
        assert!(asked.iter().all(|entry| !entry["path"].as_str().unwrap().contains("indings")), "{asked:?}");
    })
    .await;
}

#[tokio::test]
async fn a_read_only_token_finds_and_calls_nothing_that_changes() {
    run(async |world| {
        let token = limited(world, Access { mode: Mode::ReadOnly, tools: None, api: None }).await;
        let call = json!({"name": "search_tools", "arguments": {"limit": 50, "category": "actions"}});
        let found = world.rpc(token, "tools/call", call).await.result();
        assert_eq!(found["structuredContent"]["total_matches"], 0, "{found}");
        for (name, args) in [
            ("action_delete", json!({"action_id": INCIDENT})),
            ("incident_update", json!({"incident_id": INCIDENT, "status": "resolved"})),
            ("jira_add_comment", json!({"issue_key": "OPS-1", "body": "x"})),
        ] {
            let text = refused(world, token, "call_tool", json!({"name": name, "args": args})).await;
            assert!(text.contains("does not permit"), "{name}: {text}");
        }
        let asked = world.asked().await;
        assert!(asked.iter().all(|entry| entry["path"] == "/api/connectors/status"), "{asked:?}");
    })
    .await;
}

#[tokio::test]
async fn rules_for_the_api_hold_for_the_catalogue_too() {
    run(async |world| {
        let rule = ApiRule { methods: vec!["GET".into()], path: "/api/metrics/*".into() };
        let access = Access { mode: Mode::ReadWrite, tools: None, api: Some(vec![rule]) };
        let token = limited(world, access).await;
        let call = json!({"name": "search_tools", "arguments": {"limit": 50}});
        let found = world.rpc(token, "tools/call", call).await.result();
        assert_eq!(found["structuredContent"]["total_matches"], 7, "{found}");
        let text = refused(world, token, "call_tool", json!({"name": "postmortem_list"})).await;
        assert!(text.contains("does not permit"), "{text}");
    })
    .await;
}

#[tokio::test]
async fn what_is_denied_to_all_is_denied_to_every_tool() {
    let deny = |config: &mut aurora_mcp_gateway::Config| {
        let rules = "POST /api/incidents/trigger-rca; * /api/actions/**";
        config.aurora.denied = aurora_mcp_gateway::access::DenyList::parse(rules).unwrap();
    };
    crate::world::run_with(deny, async |world| {
        for (tool, arguments) in [
            ("trigger_rca", json!({"issue_description": "x"})),
            ("list_actions", json!({})),
            ("call_tool", json!({"name": "action_delete", "args": {"action_id": INCIDENT}})),
            ("aurora_api", json!({"path": "/api/actions"})),
        ] {
            let text = world.failing_call(tool, arguments).await;
            assert!(text.contains("not available through MCP"), "{tool}: {text}");
        }
        assert_eq!(world.asked().await, Vec::<Value>::new());
    })
    .await;
}
