//! What the tools of connected systems ask of Aurora. No answers of these routes were captured, so each test gives its own.

use serde_json::{Value, json};

use crate::world::{World, run};

const ACTION: &str = "50182e0d-e483-4c6c-81c4-fc1e943127a1";

/// Calls a tool whose route answers `{"seen": true}`, and returns the request that Aurora got for it.
async fn sent(world: &World<'_>, route: &str, tool: &str, arguments: Value) -> Value {
    let answer = json!({"kind": "status", "status": 200, "body": {"seen": true}, "path": route});
    world.order("faults", answer).await;
    let result = world.call(tool, arguments.clone()).await;
    assert_eq!(result["isError"], false, "{tool} {arguments}: {result}");
    assert_eq!(result["structuredContent"]["seen"], true, "{tool} {arguments}: {result}");
    world.asked().await.pop().unwrap()
}

#[tokio::test]
async fn each_question_goes_to_the_route_of_its_system() {
    run(async |world| {
        let all = [
            "datadog",
            "splunk",
            "jira",
            "notion",
            "bitbucket",
            "newrelic",
            "dynatrace",
            "opsgenie",
            "incidentio",
        ];
        let connected: serde_json::Map<String, Value> =
            all.iter().map(|name| ((*name).to_owned(), json!(true))).collect();
        world.order("connectors", Value::Object(connected)).await;
        for (tool, arguments, method, route, query) in [
            ("query_alerts", json!({}), "GET", "/datadog/monitors", "page_size=20"),
            (
                "query_alerts",
                json!({"source": "NewRelic", "limit": "5"}),
                "GET",
                "/newrelic/issues",
                "limit=5",
            ),
            ("query_alerts", json!({"source": "dynatrace"}), "GET", "/dynatrace/alerts", "limit=20"),
            ("query_alerts", json!({"source": "opsgenie"}), "GET", "/opsgenie/events/ingested", "limit=20"),
            ("query_alerts", json!({"source": "incidentio"}), "GET", "/incidentio/alerts", "limit=20"),
            (
                "query_alerts",
                json!({"source": " splunk ", "limit": 9000}),
                "GET",
                "/splunk/alerts",
                "limit=500",
            ),
            (
                "query_jira",
                json!({"action": "getIssue", "issueKey": "OPS-12"}),
                "GET",
                "/jira/issue/OPS-12",
                "",
            ),
            ("query_notion", json!({"action": "list_databases"}), "GET", "/notion/databases", ""),
            (
                "query_notion",
                json!({"action": "get_database", "db_id": "d1"}),
                "GET",
                "/notion/databases/d1",
                "",
            ),
            ("query_bitbucket", json!({"action": "LIST_WORKSPACES"}), "GET", "/bitbucket/workspaces", ""),
            (
                "query_bitbucket",
                json!({"action": "list_repos", "workspace": "ops"}),
                "GET",
                "/bitbucket/repos/ops",
                "",
            ),
            (
                "query_bitbucket",
                json!({"action": "list_branches", "workspace": "ops", "repo_slug": "web"}),
                "GET",
                "/bitbucket/branches/ops/web",
                "",
            ),
            (
                "query_bitbucket",
                json!({"action": "list_prs", "workspace": "ops", "repo_slug": "web"}),
                "GET",
                "/bitbucket/pull-requests/ops/web",
                "",
            ),
            (
                "get_action",
                json!({"action_id": ACTION.to_uppercase()}),
                "GET",
                &format!("/api/actions/{ACTION}"),
                "",
            ),
            (
                "list_action_runs",
                json!({"action_id": ACTION, "limit": 900}),
                "GET",
                &format!("/api/actions/{ACTION}/runs"),
                "limit=200&offset=0",
            ),
        ] {
            let request = sent(world, route, tool, arguments).await;
            assert_eq!((&request["method"], &request["path"]), (&json!(method), &json!(route)), "{tool}");
            assert_eq!(request["query"], query, "{tool}");
        }
    })
    .await;
}

#[tokio::test]
async fn searches_send_what_the_route_reads() {
    run(async |world| {
        world.order("connectors", json!({"datadog": true, "splunk": true, "jira": true})).await;
        let body =
            |request: &Value| -> Value { serde_json::from_str(request["body"].as_str().unwrap()).unwrap() };

        let logs = json!({"query": "service:checkout", "time_range_minutes": "90", "limit": 7});
        let request = sent(world, "/datadog/logs/search", "query_logs", logs).await;
        let asked = body(&request);
        assert_eq!((&asked["query"], &asked["limit"]), (&json!("service:checkout"), &json!(7)));
        let time = |name: &str| asked[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        assert_eq!(time("to").duration_since(time("from")), jiff::SignedDuration::from_mins(90));

        let logs = json!({"query": "error", "source": "Splunk"});
        let request = sent(world, "/splunk/search", "query_logs", logs).await;
        let expected = json!({"query": "error", "earliestTime": "-60m", "latestTime": "now", "maxCount": 50});
        assert_eq!(body(&request), expected);

        let metrics = json!({"query": "avg:system.cpu.user{*}", "time_range_minutes": 100_000});
        let request = sent(world, "/datadog/metrics/query", "query_metrics", metrics).await;
        let asked = body(&request);
        let day = asked["toMs"].as_i64().unwrap() - asked["fromMs"].as_i64().unwrap();
        assert_eq!(day, 24 * 60 * 60 * 1000, "at most a day");

        let search = json!({"action": "search", "jql": "project = OPS", "max_results": 1000});
        let request = sent(world, "/jira/search", "query_jira", search).await;
        assert_eq!(body(&request), json!({"jql": "project = OPS", "maxResults": 100}));
    })
    .await;
}

#[tokio::test]
async fn runbooks_come_from_sharepoint_too_where_it_is_connected() {
    run(async |world| {
        world.order("connectors", json!({"sharepoint": true})).await;
        let answer = json!({"kind": "status", "status": 200, "body": {"results": [{"title": "Failover"}]}, "path": "/sharepoint"});
        world.order("faults", answer).await;
        let found = world.call("search_runbooks", json!({"query": "failover", "limit": 3})).await;
        let sources = &found["structuredContent"]["sources"];
        assert_eq!(sources[1], json!({"source": "sharepoint", "results": [{"title": "Failover"}]}), "{found}");
        let asked = world.asked().await;
        let request = asked.iter().find(|entry| entry["path"] == "/sharepoint/search").unwrap();
        let body: Value = serde_json::from_str(request["body"].as_str().unwrap()).unwrap();
        assert_eq!(body, json!({"query": "failover", "maxResults": 3}));
    })
    .await;
}
