//! Resources.

use aurora_mcp_store::{Access, Mode};
use aurora_mcp_test_database::seed::ALICE;
use serde_json::{Value, json};

use crate::tools::limited;
use crate::world::{ALICES, INCIDENT, World, run};

#[tokio::test]
async fn every_listed_resource_can_be_read() {
    run(async |world| {
        let list = world.rpc(ALICES, "resources/list", json!({})).await.result();
        let uris: Vec<String> = list["resources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["uri"].as_str().unwrap().to_owned())
            .collect();
        assert!(
            uris.contains(&"aurora://api-catalog".to_owned()) && uris.contains(&"aurora://health".to_owned())
        );
        for uri in uris {
            let result = world.rpc(ALICES, "resources/read", json!({"uri": uri})).await.result();
            assert!(result["contents"][0]["text"].as_str().is_some_and(|text| text.len() > 20), "{uri}");
        }
    })
    .await;
}

#[tokio::test]
async fn health_is_reported_whole_and_by_component() {
    run(async |world| {
        let read = async |uri: &str| -> Value {
            let result = world.rpc(ALICES, "resources/read", json!({"uri": uri})).await.result();
            serde_json::from_str(result["contents"][0]["text"].as_str().unwrap()).unwrap()
        };
        crate::world::eventually("the database is seen healthy", async || {
            read("aurora://health/database").await["status"] == "healthy"
        })
        .await;
        let whole = read("aurora://health").await;
        assert_eq!(whole["components"]["database"]["status"], "healthy", "{whole}");
        assert!(whole["overall_status"].is_string());
    })
    .await;
}

#[tokio::test]
async fn templates_lead_to_components_and_incidents() {
    run(async |world| {
        let list = world.rpc(ALICES, "resources/templates/list", json!({})).await.result().to_string();
        assert!(
            list.contains("aurora://health/{component}") && list.contains("aurora://incidents/{incident_id}")
        );
        let uri = format!("aurora://incidents/{INCIDENT}");
        let result = world.rpc(ALICES, "resources/read", json!({"uri": uri})).await.result();
        assert!(result["contents"][0]["text"].as_str().unwrap().contains(INCIDENT));
        for uri in ["aurora://incidents/42", "aurora://health/moon", "aurora://", "file:///etc/passwd", ""] {
            let answer = world.rpc(ALICES, "resources/read", json!({"uri": uri})).await;
            assert!([-32002, -32602].contains(&answer.code()), "{uri}: {}", answer.text);
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_connected_and_what_it_makes_possible_can_be_read() {
    run(async |world| {
        world.order("connectors", json!({"jira": true})).await;
        let connectors = text(world, "aurora://catalog/connectors").await;
        assert_eq!(connectors["connectors"]["jira"], json!({"connected": true, "mcp_tools_available": true}));
        assert_eq!(connectors["connectors"]["onprem"]["mcp_tools_available"], false);
        let skills = text(world, "aurora://catalog/skills").await;
        let jira = skills["skills"].as_array().unwrap().iter().find(|skill| skill["id"] == "jira").unwrap();
        assert_eq!(jira["connected"], true);
        assert!(jira["tools"].as_array().unwrap().contains(&json!("jira_search_issues")), "{jira}");
        assert_eq!(world.asked().await.len(), 1, "both from one question");
    })
    .await;
}

#[tokio::test]
async fn the_index_of_runbooks_says_which_source_failed() {
    run(async |world| {
        let alone = text(world, "aurora://runbooks/index").await;
        assert_eq!(alone, json!({"sources": [{"source": "knowledge_base", "items": []}]}));
    })
    .await;
    run(async |world| {
        world.order("connectors", json!({"sharepoint": true})).await;
        let sources = text(world, "aurora://runbooks/index").await["sources"].clone();
        assert_eq!((&sources[0]["items"], &sources[1]["source"]), (&json!([]), &json!("sharepoint")));
        let error = sources[1]["error"].as_str().unwrap();
        assert!(error.contains("404") && error.contains("SharePoint not connected"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn no_resource_is_a_way_around_a_list_of_tools() {
    run(async |world| {
        let tools = Some(vec!["get_graph_stats".to_owned()]);
        let token = limited(world, Access { mode: Mode::ReadWrite, tools, api: None }).await;
        let list = world.rpc(token, "resources/list", json!({})).await.result();
        let listed: Vec<&str> =
            list["resources"].as_array().unwrap().iter().map(|one| one["uri"].as_str().unwrap()).collect();
        assert_eq!(listed, ["aurora://api-catalog", "aurora://health", "aurora://whoami"]);
        for uri in [
            "aurora://catalog/connectors",
            "aurora://catalog/skills",
            "aurora://runbooks/index",
            "aurora://incidents/recent",
        ] {
            let answer = world.rpc(token, "resources/read", json!({"uri": uri})).await;
            assert_eq!(answer.code(), -32002, "{uri}: {}", answer.text);
        }
        assert_eq!(world.asked().await, Vec::<Value>::new());
    })
    .await;
}

#[tokio::test]
async fn when_aurora_does_not_say_what_is_connected_the_resource_fails() {
    run(async |world| {
        world.order("faults", json!({"kind": "error", "count": 9, "path": "/api/connectors/status"})).await;
        for uri in ["aurora://catalog/connectors", "aurora://catalog/skills"] {
            let answer = world.rpc(ALICES, "resources/read", json!({"uri": uri})).await;
            assert_eq!(answer.code(), -32603, "{uri}");
            assert!(answer.text.contains("aurora://health"), "{}", answer.text);
        }
    })
    .await;
}

#[tokio::test]
async fn a_path_of_the_api_can_be_looked_up() {
    run(async |world| {
        let read = async |uri: &str| world.rpc(ALICES, "resources/read", json!({"uri": uri})).await;
        for uri in [
            "aurora://api-paths/api/incidents/<incident_id>/alerts",
            "aurora://api-paths/api/incidents/%3Cincident_id%3E/alerts",
            "aurora://api-paths/api/incidents/11111111-1111-4111-8111-000000000001/alerts",
        ] {
            let answer = read(uri).await.result();
            let text = answer["contents"][0]["text"].as_str().unwrap();
            assert!(text.contains("GET                      /api/incidents/<incident_id>/alerts"), "{text}");
            assert!(!text.contains("/findings"), "{text}");
        }
        for uri in ["aurora://api-paths/nosuch", "aurora://api-paths", "aurora://api-pathsapi"] {
            assert_eq!(read(uri).await.code(), -32002, "{uri}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_token_tells_whose_it_is() {
    run(async |world| {
        let who = text(world, "aurora://whoami").await;
        assert_eq!((&who["email"], &who["role"]), (&json!("alice@alpha.example"), &json!("admin")), "{who}");
        world.database.execute("ALTER TABLE users RENAME COLUMN role TO roles").await;
        let who = text(world, "aurora://whoami").await;
        assert_eq!(
            (&who["email"], &who["user_id"]),
            (&Value::Null, &json!(ALICE)),
            "what can't be read is left open"
        );
    })
    .await;
}

async fn text(world: &World<'_>, uri: &str) -> Value {
    let result = world.rpc(ALICES, "resources/read", json!({"uri": uri})).await.result();
    serde_json::from_str(result["contents"][0]["text"].as_str().unwrap()).unwrap()
}
