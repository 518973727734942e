//! Resources.

use serde_json::{Value, json};

use crate::world::{ALICES, INCIDENT, run};

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
