//! `aurora_api`: any endpoint, but only as an endpoint.

use serde_json::{Value, json};

use crate::world::{run, run_with};

#[tokio::test]
async fn any_endpoint_answers_with_its_status_and_data() {
    run(async |world| {
        let result = world
            .call("aurora_api", json!({"method": "get", "path": "/api/incidents", "params": {"limit": "2"}}))
            .await;
        let content = &result["structuredContent"];
        assert_eq!(content["status_code"], 200);
        assert_eq!(content["data"]["incidents"].as_array().unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn head_asks_aurora_whether_something_is_there() {
    run(async |world| {
        let head = json!({"method": "head", "path": "/api/incidents", "params": {"limit": 2}});
        let result = world.call("aurora_api", head).await;
        assert_eq!(result["structuredContent"]["status_code"], 200, "{result}");
        let asked = world.asked().await;
        assert_eq!(asked.last().unwrap()["method"], "HEAD", "{asked:?}");
        let missing = json!({"method": "HEAD", "path": "/api/nosuch"});
        assert!(world.failing_call("aurora_api", missing).await.contains("404"));
    })
    .await;
}

#[tokio::test]
async fn the_health_report_is_an_answer_even_when_it_is_bad_news() {
    run(async |world| {
        for (state, code) in [("healthy", 200), ("degraded", 200), ("unhealthy", 503)] {
            world.order("health", json!({"state": state})).await;
            let result = world.call("aurora_api", json!({"path": "/health/"})).await;
            let content = &result["structuredContent"];
            assert_eq!(content["status_code"], code, "{state}");
            assert_eq!(content["data"]["overall_status"], state);
        }
    })
    .await;
}

#[tokio::test]
async fn the_catalogue_can_be_searched_with_a_filter() {
    run(async |world| {
        let select = "[.[] | select(.path | startswith(\"/api/graph\")) | .path]";
        let result = world.call("aurora_api", json!({"path": "/api/routes", "select": select})).await;
        let paths = result["structuredContent"]["data"].as_array().unwrap().clone();
        assert!(paths.contains(&json!("/api/graph/stats")), "{paths:?}");
    })
    .await;
}

#[tokio::test]
async fn a_filter_that_does_harm_is_stopped_and_explained() {
    run(async |world| {
        for (select, expected) in [
            ("][", "is not a jq filter"),
            ("nonsense(1)", "not defined"),
            ("def f: f; f", "too much memory or time"),
            ("[range(1e12)]", "too much memory or time"),
            ("\"x\" * 1e12", ""),
            (".incidents.id", "cannot index"),
        ] {
            let text =
                world.failing_call("aurora_api", json!({"path": "/api/incidents", "select": select})).await;
            assert!(text.starts_with("select: ") && text.contains(expected), "{select}: {text}");
        }
        let result = world.call("aurora_api", json!({"path": "/api/incidents", "select": "env"})).await;
        assert_eq!(result["structuredContent"]["data"], json!({}), "a filter sees no environment");
    })
    .await;
}

#[tokio::test]
async fn paths_that_mean_something_else_never_reach_aurora() {
    run(async |world| {
        for path in [
            "",
            "api/incidents",
            "//evil.example/api",
            "http://evil.example/",
            "/api/../admin",
            "/api/%2e%2e/admin",
            "/api/%2E%2E%2fadmin",
            "/api/%252e%252e/admin",
            "/api/incidents?status=x",
            "/api/incidents%3Fstatus=x",
            "/api/incidents#x",
            "/api\\..\\admin",
            "/api/x\r\nX-User-ID: someone",
            "/api/x%0d%0aX-User-ID:%20someone",
            "/api/x\u{0}",
            "/api/100%",
        ] {
            let text = world.failing_call("aurora_api", json!({"path": path})).await;
            assert!(text.contains("path") || text.contains('%'), "{path:?}: {text}");
        }
        assert_eq!(world.asked().await, Vec::<Value>::new());
    })
    .await;
}

#[tokio::test]
async fn denied_and_endless_routes_are_refused_with_a_hint() {
    run(async |world| {
        for (arguments, expected) in [
            (json!({"method": "POST", "path": "/api/mcp/tokens", "body": {}}), "not available through MCP"),
            (json!({"method": "POST", "path": "/api/mcp/%74okens/"}), "not available through MCP"),
            (json!({"path": "/api/incidents/stream"}), "never ends"),
            (json!({"path": "/api/incidents/x/visualization/stream"}), "never ends"),
            (json!({"method": "TRACE", "path": "/api/incidents"}), "method must be"),
            (json!({"method": "GET", "path": "/api/incidents", "params": "x=1"}), "params"),
            (json!({"method": "POST", "path": "/api/actions", "body": [1]}), "body"),
        ] {
            let text = world.failing_call("aurora_api", arguments.clone()).await;
            assert!(text.contains(expected), "{arguments}: {text}");
        }
        assert_eq!(world.asked().await, Vec::<Value>::new());
    })
    .await;
}

#[tokio::test]
async fn names_with_spaces_and_letters_of_any_script_are_encoded() {
    run(async |world| {
        for path in ["/api/graph/services/check out/impact", "/api/graph/services/日本/impact"] {
            world.call("aurora_api", json!({"path": path})).await;
        }
        let asked = world.asked().await;
        assert_eq!(asked[0]["path"], "/api/graph/services/check%20out/impact");
        assert_eq!(asked[1]["path"], "/api/graph/services/%E6%97%A5%E6%9C%AC/impact");
    })
    .await;
}

#[tokio::test]
async fn a_huge_answer_is_cut_on_a_json_boundary() {
    run(async |world| {
        let result = world.call("aurora_api", json!({"path": "/api/routes"})).await;
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(text.len() <= 40 * 1024, "{}", text.len());
        let value: Value = serde_json::from_str(text).expect("whole JSON");
        if text.len() > 39 * 1024 {
            assert_eq!(value["truncated"], true);
            assert!(value["hint"].as_str().unwrap().contains("select"));
        }
    })
    .await;
}

#[tokio::test]
async fn an_event_stream_is_heard_until_it_ends() {
    let events = axum::Router::new().route(
        "/api/progress",
        axum::routing::get(|| async {
            (
                [("content-type", "text/event-stream")],
                ": hello\n\ndata: {\"done\": 1}\n\ndata: {\"done\": 2}\n\n",
            )
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async { axum::serve(listener, events).await });
    run_with(
        |config| config.aurora.base = base.parse().unwrap(),
        async |world| {
            let result = world.call("aurora_api", json!({"path": "/api/progress"})).await;
            let data = &result["structuredContent"]["data"];
            assert_eq!(data["events"], json!([{"data": {"done": 1}}, {"data": {"done": 2}}]), "{data}");
            assert!(data.get("cut_off").is_none());
        },
    )
    .await;
    server.abort();
}
