//! Arguments as models get them slightly wrong: understood, or answered with what would be right.

use serde_json::{Value, json};

use crate::world::{INCIDENT, run};

const INVESTIGATED: &str = "11111111-1111-4111-8111-000000000002";

#[tokio::test]
async fn what_can_only_mean_one_thing_is_understood() {
    run(async |world| {
        let all = json!({"jira": true, "notion": true, "bitbucket": true, "datadog": true});
        world.order("connectors", all).await;
        let upper = INVESTIGATED.to_uppercase();
        let dashless = INCIDENT.replace('-', "");
        let mut wrong: Vec<String> = Vec::new();
        for (tool, arguments) in [
            ("list_incidents", json!({"limit": "3", "offset": "0"})),
            ("list_incidents", json!({"limit": 3.0, "status": " RESOLVED "})),
            ("list_incidents", json!({"limit": -5, "status": ""})),
            ("list_incidents", json!({"limit": null, "status": null})),
            ("list_incidents", json!({"Limit": 3, "Status": "analyzed"})),
            ("get_incident", json!({"incidentId": format!("  {INCIDENT}\n")})),
            ("get_incident", json!({"incident_id": dashless, "include": "Thoughts"})),
            ("get_incident", json!({"incident_id": INCIDENT, "include": "[\"thoughts\"]"})),
            ("ask_incident", json!({"incidentId": dashless, "question": " why? "})),
            ("search_knowledge_base", json!({"query": " redis ", "limit": "1000"})),
            ("search_runbooks", json!({"query": 7, "limit": "0"})),
            ("aurora_api", json!({"method": " get ", "path": " /api/incidents "})),
            ("aurora_api", json!({"path": "/api/incidents", "params": "{\"limit\": \"1\"}"})),
            ("trigger_rca", json!({"issue_description": " slow ", "severity": " CRITICAL "})),
            ("service_impact", json!({"name": " checkout "})),
            ("list_services", json!({"resource_type": " ", "provider": null})),
            ("incident_list_alerts", json!({"incident-id": upper.replace('-', "")})),
            ("incident_findings", json!({"incident_id": upper})),
            ("incident_finding_detail", json!({"incident_id": upper, "agentId": " sa_1 "})),
            ("search_tools", json!({"limit": "500", "category": " Metrics "})),
            ("call_tool", json!({"name": " Postmortem-List ", "args": "{\"limit\": \"2\"}"})),
        ] {
            let result = world.call(tool, arguments.clone()).await;
            if result["isError"] != false {
                wrong.push(format!("{tool} {arguments}: {}", result["content"]));
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_is_answered_with_what_would_be_right() {
    run(async |world| {
        let connected =
            json!({"jira": true, "notion": true, "bitbucket": true, "datadog": true, "splunk": true});
        world.order("connectors", connected).await;
        let mut wrong: Vec<String> = Vec::new();
        for (tool, arguments, right) in [
            ("list_incidents", json!({"status": "open"}), "investigating, analyzed or resolved"),
            ("list_incidents", json!({"limit": "many"}), "limit: expected a whole number"),
            ("list_incidents", json!({"state": "resolved"}), "list_incidents takes limit, offset, status"),
            ("get_incident", json!({"incident_id": "INC-42"}), "UUID"),
            ("get_incident", json!({}), "incident_id"),
            ("get_incident", json!({"incident_id": INCIDENT, "include": "everything"}), "thoughts"),
            ("ask_incident", json!({"incident_id": INCIDENT}), "question"),
            ("ask_incident", json!({"question": "why?"}), "incident_id"),
            ("ask_incident", json!({"incident_id": INCIDENT, "question": "x".repeat(2001)}), "2000"),
            ("get_graph_stats", json!({"depth": 2}), "takes no arguments"),
            ("search_knowledge_base", json!({"query": "  "}), "query"),
            ("search_runbooks", json!({}), "query"),
            ("aurora_api", json!({"path": "api/incidents"}), "must start with"),
            ("aurora_api", json!({"path": "/api/incidents?limit=1"}), "params"),
            (
                "aurora_api",
                json!({"method": "FETCH", "path": "/api/incidents"}),
                "GET, HEAD, POST, PUT, PATCH or DELETE",
            ),
            (
                "aurora_api",
                json!({"path": "/api/incidents", "params": [1]}),
                "params: expected a JSON object",
            ),
            (
                "trigger_rca",
                json!({"issue_description": "x", "severity": "urgent"}),
                "critical, high, medium, low",
            ),
            ("trigger_rca", json!({"severity": "high"}), "issue_description"),
            ("service_impact", json!({}), "name"),
            ("service_impact", json!({"name": "a/b"}), "has no address for such a name"),
            ("incident_list_alerts", json!({"incident_id": "latest"}), "UUID"),
            ("incident_findings", json!({"incident_id": 7}), "UUID"),
            ("incident_finding_detail", json!({"incident_id": INCIDENT, "agent_id": "../x"}), "agent_id"),
            ("get_action", json!({"action_id": "nightly"}), "UUID"),
            ("list_action_runs", json!({}), "UUID"),
            ("query_logs", json!({}), "query"),
            ("query_logs", json!({"query": "x", "source": "elastic"}), "datadog, splunk"),
            ("query_metrics", json!({"query": " "}), "query"),
            ("query_alerts", json!({"source": "pagerduty"}), "Connected: datadog, splunk"),
            ("query_jira", json!({"action": "find"}), "search, get_issue"),
            ("query_jira", json!({"action": "search"}), "JQL"),
            ("query_jira", json!({"action": "get_issue"}), "issue_key"),
            ("query_notion", json!({}), "list_databases, get_database"),
            ("query_notion", json!({"action": "get_database"}), "db_id"),
            ("query_bitbucket", json!({"action": "list_repos"}), "workspace"),
            ("query_bitbucket", json!({"action": "list_prs", "workspace": "ops"}), "repo_slug"),
            ("search_tools", json!({"limit": "a lot"}), "limit: expected a whole number"),
            ("call_tool", json!({"name": "drop_tables"}), "search_tools"),
            ("call_tool", json!({"name": "jira_get_issue"}), "issue_key"),
            ("call_tool", json!({}), "search_tools"),
        ] {
            let result = world.call(tool, arguments.clone()).await;
            let text = result["content"][0]["text"].as_str().unwrap();
            if result["isError"] != true {
                wrong.push(format!("{tool} {arguments}: accepted"));
            }
            if !text.contains(right) {
                wrong.push(format!("{tool} {arguments}: {text}"));
            }
            assert!(text.len() < 600, "{tool}: {text}");
        }
        assert_eq!(wrong, Vec::<String>::new());
        let asked = world.asked().await;
        let other = asked.iter().find(|entry| entry["path"] != "/api/connectors/status");
        assert_eq!(other, None::<&Value>, "nothing of this reached Aurora");
    })
    .await;
}
