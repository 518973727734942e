//! The committed schema is fresh, and its rules refuse what can't work. No cluster is needed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use aurora_mcp_crds::McpToken;
use kube::CustomResourceExt as _;
use kube::core::cel;
use serde_json::{Value, json};

const COMMITTED: &str = include_str!("../mcptokens.yaml");

fn token(spec: &Value) -> McpToken {
    serde_json::from_value(json!({
        "apiVersion": "mcp.aurora-oss.dev/v1alpha1", "kind": "McpToken", "metadata": {"name": "t"}, "spec": spec
    }))
    .unwrap()
}

fn with(fields: Value) -> Value {
    let mut spec = json!({"user": {"id": "u"}});
    if let (Some(spec), Value::Object(fields)) = (spec.as_object_mut(), fields) {
        spec.extend(fields);
    }
    spec
}

#[test]
fn committed_schema_is_fresh() {
    let fresh = serde_yaml_ng::to_string(&McpToken::crd()).unwrap();
    assert!(fresh == COMMITTED, "crds/mcptokens.yaml is stale: run `make generate`");
}

#[test]
fn committed_reference_is_fresh() {
    let committed = include_str!("../../docs/reference/mcptoken.md");
    assert!(
        aurora_mcp_crds::reference::page() == committed,
        "docs/reference/mcptoken.md is stale: run `make generate`"
    );
}

#[test]
fn every_field_is_described() {
    fn undescribed(path: &str, schema: &Value, found: &mut Vec<String>) {
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            if field["description"].as_str().is_none_or(str::is_empty) {
                found.push(path.clone());
            }
            undescribed(&path, field, found);
            undescribed(&path, &field["items"], found);
        }
    }
    let crd = serde_json::to_value(McpToken::crd()).unwrap();
    let mut found = Vec::new();
    let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
    undescribed("spec", &schema["spec"], &mut found);
    undescribed("status", &schema["status"], &mut found);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn printer_columns_are_those_of_the_documentation() {
    let crd = serde_json::to_value(McpToken::crd()).unwrap();
    let columns = crd["spec"]["versions"][0]["additionalPrinterColumns"].as_array().unwrap().clone();
    let (wide, narrow): (Vec<_>, Vec<_>) = columns.iter().partition(|column| column["priority"] == 1);
    let names = |columns: Vec<&Value>| -> Vec<String> {
        columns.into_iter().map(|column| column["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(narrow), ["User", "Ready", "Reason", "Expires", "Last used", "Age"]);
    assert_eq!(names(wide), ["Secret", "Token id", "Endpoint"]);
}

#[test]
fn specs_that_can_work_are_accepted() {
    for spec in [
        with(json!({})),
        json!({"user": {"email": "alice@alpha.example"}}),
        with(json!({"ttl": "720h"})),
        with(json!({"ttl": "720h", "rotation": {"interval": "168h", "overlap": "1h30m"}})),
        with(json!({"expiresAt": "2030-01-01T00:00:00Z", "suspended": true})),
        with(
            json!({"access": {"mode": "ReadOnly", "tools": [], "api": [{"methods": ["GET"], "path": "/api/**"}]}}),
        ),
        with(
            json!({"service": {"name": "aurora", "type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.0/8"]}}),
        ),
    ] {
        assert!(cel::validate_cel(&token(&spec)).is_ok(), "{spec}");
    }
}

#[test]
fn specs_that_cannot_work_are_refused_with_a_reason() {
    for (spec, message) in [
        (json!({"user": {}}), "exactly one of user.id and user.email"),
        (json!({"user": {"id": "u", "email": "a@b.example"}}), "exactly one of user.id and user.email"),
        (with(json!({"ttl": "1h", "expiresAt": "2030-01-01T00:00:00Z"})), "not both"),
        (with(json!({"ttl": "30d"})), "ttl: write hours, minutes and seconds, such as 720h for 30 days"),
        (with(json!({"ttl": "999999999h"})), "ttl: write hours"),
        (
            with(json!({"ttl": "30d", "rotation": {"interval": "1w", "overlap": "x1h"}})),
            "rotation.overlap: write hours",
        ),
        (with(json!({"ttl": "59s"})), "ttl must be at least 1m"),
        (with(json!({"rotation": {"interval": "1s"}})), "rotation.interval must be at least 1m"),
        (with(json!({"rotation": {"interval": "1h", "overlap": "2h"}})), "overlap must be shorter"),
        (
            with(json!({"ttl": "1h", "rotation": {"interval": "2h"}})),
            "ttl must be longer than rotation.interval",
        ),
        (with(json!({"access": {"api": [{"path": "/api/../admin"}]}})), "path can't hold '..'"),
        (
            with(json!({"service": {"name": "x", "loadBalancerSourceRanges": ["10.0.0.0/8"]}})),
            "needs type LoadBalancer",
        ),
        (with(json!({"service": {"type": "NodePort"}})), "service.name is missing"),
    ] {
        let error = cel::validate_cel(&token(&spec)).expect_err(&format!("{spec} is accepted")).to_string();
        assert!(error.contains(message), "{spec}: {error}");
    }
}

#[test]
fn identity_cannot_be_changed() {
    let old = with(json!({"orgId": "o"}));
    for (new, message) in [
        (json!({"user": {"id": "other"}, "orgId": "o"}), "user can't be changed"),
        (json!({"user": {"email": "a@b.example"}, "orgId": "o"}), "user can't be changed"),
        (with(json!({"orgId": "p"})), "orgId can't be changed"),
        (with(json!({})), "orgId can't be changed"),
    ] {
        let error = cel::validate_cel_update(&token(&new), &token(&old))
            .expect_err(&format!("{new} is accepted"))
            .to_string();
        assert!(error.contains(message), "{new}: {error}");
    }
    assert!(
        cel::validate_cel_update(&token(&with(json!({"orgId": "o", "suspended": true}))), &token(&old))
            .is_ok()
    );
}
