//! Completions of arguments.

use serde_json::{Value, json};

use crate::world::{ALICES, BOBS, INCIDENT, World, run};

async fn complete(world: &World<'_>, token: &str, reference: Value, name: &str, value: &str) -> Vec<String> {
    let params = json!({"ref": reference, "argument": {"name": name, "value": value}});
    let result = world.rpc(token, "completion/complete", params).await.result();
    serde_json::from_value(result["completion"]["values"].clone()).unwrap()
}

#[tokio::test]
async fn incidents_services_components_and_areas_are_completed() {
    run(async |world| {
        let prompt = |name: &str| json!({"type": "ref/prompt", "name": name});
        let template = |uri: &str| json!({"type": "ref/resource", "uri": uri});
        let by_id =
            complete(world, ALICES, prompt("investigate_incident"), "incident_id", &INCIDENT[..8]).await;
        assert!(by_id.contains(&INCIDENT.to_owned()), "{by_id:?}");
        let by_title =
            complete(world, ALICES, prompt("investigate_incident"), "incident_id", "checkout").await;
        assert_eq!(by_title, [INCIDENT]);
        let services = complete(world, ALICES, prompt("blast_radius_analysis"), "service_name", "").await;
        assert!(!services.is_empty());
        let components =
            complete(world, ALICES, template("aurora://health/{component}"), "component", "c").await;
        assert_eq!(components, ["celery", "chatbot"]);
        let areas = complete(world, ALICES, template("aurora://api-catalog/{area}"), "area", "inc").await;
        assert!(areas.contains(&"incidents".to_owned()), "{areas:?}");
        let path = template("aurora://api-paths{+path}");
        let paths = complete(world, ALICES, path, "path", "/api/incidents/<").await;
        assert!(
            paths.len() > 5 && paths.iter().all(|path| path.starts_with("/api/incidents/<")),
            "{paths:?}"
        );
        assert!(paths.windows(2).all(|pair| pair[0] != pair[1]), "each once: {paths:?}");
        assert_eq!(complete(world, ALICES, prompt("nothing"), "x", "").await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn a_completion_never_shows_what_belongs_to_another_organisation() {
    run(async |world| {
        let prompt = json!({"type": "ref/prompt", "name": "investigate_incident"});
        let values = complete(world, BOBS, prompt, "incident_id", "").await;
        assert!(!values.is_empty() && !values.contains(&INCIDENT.to_owned()), "{values:?}");
    })
    .await;
}

#[tokio::test]
async fn when_aurora_does_not_answer_nothing_fits() {
    run(async |world| {
        world.order("faults", json!({"kind": "error", "count": 5, "path": "/api/incidents"})).await;
        let prompt = json!({"type": "ref/prompt", "name": "investigate_incident"});
        assert_eq!(complete(world, ALICES, prompt, "incident_id", "").await, Vec::<String>::new());
    })
    .await;
}
