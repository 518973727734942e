//! The Helm chart as it is rendered. These need `helm`, and no cluster.

use std::{path::PathBuf, process::Command};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use serde_yaml_ng::Deserializer;

fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// Renders the chart with `--set-json` settings, and returns its objects or what helm said against it.
fn render(settings: &[&str]) -> Result<Vec<Value>, String> {
    let mut helm = Command::new("helm");
    helm.args(["template", "aurora-mcp", "--namespace=aurora-oss"]).arg(repository("charts/aurora-mcp"));
    for setting in settings {
        helm.args(["--set-json", setting]);
    }
    let output = helm.output().map_err(|error| format!("starting helm: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Deserializer::from_slice(&output.stdout)
        .map(|document| serde::Deserialize::deserialize(document).map_err(|error| error.to_string()))
        .filter(|object: &Result<Value, String>| !matches!(object, Ok(Value::Null)))
        .collect()
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

/// The only object of this kind and name; null if there is none.
fn named<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let wanted = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
    objects.iter().find(wanted).unwrap_or(&Value::Null)
}

#[test]
fn wrong_value_is_refused_with_its_place() {
    let table = [
        (r"gatway={}", "'gatway' not allowed"),
        (r#"gateway.replicas="two""#, "/gateway/replicas"),
        (r"gateway.replicas=-1", "/gateway/replicas"),
        (r#"gateway.url="mcp.example.com""#, "/gateway/url"),
        (r#"gateway.askWait="0s""#, "/gateway/askWait"),
        (r"gateway.service.port=70000", "/gateway/service/port"),
        (r#"gateway.service.name="8bad""#, "/gateway/service/name"),
        (r#"gateway.service.type="ExternalName""#, "/gateway/service/type"),
        (r#"gateway.allowedOrigins=["example.com"]"#, "/gateway/allowedOrigins/0"),
        (r#"gateway.extraEnv=[{"value":"x"}]"#, "/gateway/extraEnv/0"),
        (r"gateway.resources.limit={}", "'limit' not allowed"),
        (r#"image.digest="sha256:12""#, "/image/digest"),
        (r#"image.pullPolicy="Sometimes""#, "/image/pullPolicy"),
        (r#"watchNamespaces=["A_b"]"#, "/watchNamespaces/0"),
        (r#"watchNamespaces=["a","a"]"#, "/watchNamespaces"),
        (r#"operator.maxTtl="soon""#, "/operator/maxTtl"),
        (r"operator.tenants=[{}]", "/operator/tenants/0"),
        (r#"operator.tenants=[{"namespace":"a"}]"#, "/operator/tenants/0"),
        (r#"operator.tenants=[{"namespace":"a","users":["x"],"role":"admin"}]"#, "/operator/tenants/0"),
        (r#"log.format="xml""#, "/log/format"),
        (r#"otlp.endpoint="otel:4317""#, "/otlp/endpoint"),
        (r#"crds.keep="yes""#, "/crds/keep"),
        (r#"aurora.releaseName="Foo""#, "/aurora/releaseName"),
    ];
    for (setting, place) in table {
        let said = render(&[setting]).expect_err(setting);
        assert!(said.contains(place), "{setting}: {place} is not in: {said}");
    }
}

#[test]
fn every_value_is_described_and_the_schema_is_closed() -> Result<()> {
    let schema: Value =
        serde_json::from_slice(&std::fs::read(repository("charts/aurora-mcp/values.schema.json"))?)?;
    let values: Value =
        serde_yaml_ng::from_slice(&std::fs::read(repository("charts/aurora-mcp/values.yaml"))?)?;
    let leaves = compare(&schema, &values, "")?;
    ensure!((1..150).contains(&leaves), "{leaves} values");
    Ok(())
}

/// Compares a part of the values with its schema, and counts the values.
fn compare(schema: &Value, value: &Value, place: &str) -> Result<usize> {
    ensure!(schema["description"].is_string(), "{place} has no description");
    let Some(properties) = schema["properties"].as_object().filter(|_| !place.ends_with("/resources")) else {
        return Ok(1);
    };
    ensure!(schema["additionalProperties"] == json!(false), "{place} is open");
    let mut leaves = 0;
    for name in value.as_object().context("a map")?.keys() {
        ensure!(properties.contains_key(name), "{place}/{name} is not in the schema");
    }
    for (name, property) in properties.iter().filter(|(name, _)| *name != "global") {
        let below = value.get(name).with_context(|| format!("{place}/{name} is not in values.yaml"))?;
        leaves += compare(property, below, &format!("{place}/{name}"))?;
    }
    Ok(leaves)
}

#[test]
fn pods_meet_the_restricted_level() {
    let objects = render(&[]).unwrap();
    let deployments = of_kind(&objects, "Deployment");
    assert_eq!(deployments.len(), 2);
    for deployment in deployments {
        let pod = &deployment["spec"]["template"]["spec"];
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
        assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
        for container in pod["containers"].as_array().unwrap() {
            let security = &container["securityContext"];
            assert_eq!(security["allowPrivilegeEscalation"], false);
            assert_eq!(security["readOnlyRootFilesystem"], true);
            assert_eq!(security["capabilities"], json!({"drop": ["ALL"]}));
            for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
                assert!(container[probe].is_object(), "no {probe}");
            }
        }
    }
}

#[test]
fn secrets_are_taken_key_by_key() {
    let objects = render(&[]).unwrap();
    for deployment in of_kind(&objects, "Deployment") {
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        assert!(container.get("envFrom").is_none());
        let variables = container["env"].as_array().unwrap();
        let password = variables.iter().find(|variable| variable["name"] == "POSTGRES_PASSWORD").unwrap();
        let reference = json!({"name": "aurora-oss-secrets-db", "key": "POSTGRES_PASSWORD"});
        assert_eq!(password["valueFrom"]["secretKeyRef"], reference);
    }
}

#[test]
fn names_follow_the_rule_of_auroras_chart() {
    let objects = render(&[r#"aurora.releaseName="prod""#]).unwrap();
    assert!(named(&objects, "Service", "prod-aurora-oss-mcp").is_object());
    let rendered = json!(objects).to_string();
    for name in ["prod-aurora-oss-config", "prod-aurora-oss-secrets-db", "prod-aurora-oss-secrets-app"] {
        assert!(rendered.contains(name), "{name} is not read");
    }
    assert!(!rendered.contains("aurora-oss-aurora-oss"));
}

#[test]
fn notes_give_the_commands_of_this_very_release() {
    let mut helm = Command::new("helm");
    helm.args([
        "install",
        "mine",
        "--dry-run=client",
        "--namespace=elsewhere",
        "--set=aurora.releaseName=prod",
    ]);
    let output = helm.arg(repository("charts/aurora-mcp")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let notes = said.split("NOTES:").nth(1).expect("no notes");
    for command in [
        "kubectl wait -n elsewhere mcpt/my-token --for=condition=Ready",
        "kubectl port-forward -n elsewhere svc/prod-aurora-oss-mcp 8811:8811",
        "kubectl get secret -n elsewhere my-token",
    ] {
        assert!(notes.contains(command), "{command} is not in: {notes}");
    }
}

#[test]
fn list_of_namespaces_needs_no_cluster_role() {
    let objects = render(&[r#"watchNamespaces=["one","two"]"#]).unwrap();
    assert!(
        of_kind(&objects, "ClusterRole").is_empty() && of_kind(&objects, "ClusterRoleBinding").is_empty()
    );
    let reads_secrets = |role: &&&Value| role["rules"].to_string().contains(r#""secrets""#);
    let roles = of_kind(&objects, "Role");
    let namespaces: Vec<&Value> =
        roles.iter().filter(reads_secrets).map(|role| &role["metadata"]["namespace"]).collect();
    assert_eq!(namespaces, ["one", "two"], "Secrets are open in the listed namespaces alone");
}

#[test]
fn tenants_reach_the_operator_as_they_were_written() {
    let tenants = r#"[{"namespace":"payments","organisations":["*"]}]"#;
    let objects = render(&[&format!("operator.tenants={tenants}")]).unwrap();
    let operator = named(&objects, "Deployment", "aurora-mcp-operator");
    let variables = &operator["spec"]["template"]["spec"]["containers"][0]["env"];
    let variables = variables.as_array().unwrap();
    let given = variables.iter().find(|variable| variable["name"] == "TENANTS").unwrap();
    assert_eq!(given["value"], tenants);
}

#[test]
fn labels_of_namespaces_are_refused_where_no_role_can_read_them() {
    let tenants = r#"operator.tenants=[{"namespaceLabels":{"team":"sre"},"users":["x"]}]"#;
    render(&[tenants]).unwrap();
    let said = render(&[tenants, r#"watchNamespaces=["one"]"#]).unwrap_err();
    assert!(said.contains("Name the namespaces instead"), "{said}");
}

#[test]
fn gateway_without_workloads_has_no_rights_and_no_token() {
    let objects = render(&["gateway.watchWorkloads=false"]).unwrap();
    let pod = &named(&objects, "Deployment", "aurora-mcp-gateway")["spec"]["template"]["spec"];
    assert_eq!(pod["automountServiceAccountToken"], false);
    let of_gateway = |object: &Value| object["metadata"]["name"] == "aurora-mcp-gateway";
    assert!(!objects.iter().any(|object| object["kind"] == "Role" && of_gateway(object)));
    assert!(!json!(pod).to_string().contains("AURORA_NAMESPACE"));
}

#[test]
fn crd_is_the_generated_one_and_stays_after_uninstall() -> Result<()> {
    let generated = std::fs::read(repository("crds/mcptokens.yaml"))?;
    ensure!(
        std::fs::read(repository("charts/aurora-mcp/files/crds/mcptokens.yaml"))? == generated,
        "the copy is stale"
    );
    let generated: Value = serde_yaml_ng::from_slice(&generated)?;
    let objects = render(&[]).map_err(anyhow::Error::msg)?;
    let crd = named(&objects, "CustomResourceDefinition", "mcptokens.mcp.aurora-oss.dev");
    ensure!(normal(&crd["spec"]) == normal(&generated["spec"]), "the chart changes the CRD");
    ensure!(crd["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep");
    let objects = render(&["crds.install=false"]).map_err(anyhow::Error::msg)?;
    ensure!(of_kind(&objects, "CustomResourceDefinition").is_empty());
    Ok(())
}

/// With all numbers of one kind: helm writes 1 for 1.0.
fn normal(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.iter().map(normal).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| (name.clone(), normal(field)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}
