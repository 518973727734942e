//! What goes into a report. What may not be seen is left out, and said so.

use aurora_mcp_crds::{McpToken, SECRET_TYPE};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Event, Pod, Secret, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{ListParams, LogParams};
use kube::core::NamespaceResourceScope;
use kube::{Resource, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::cli::Report;
use crate::cluster::Cluster;
use crate::seen::Seen;

/// What the chart makes.
const OURS: &str = "app.kubernetes.io/name=aurora-mcp";

pub(super) async fn gather(cluster: &Cluster, wanted: &Report) -> Vec<(String, String)> {
    let home = wanted.gateway_namespace.clone().unwrap_or_else(|| cluster.namespace.clone());
    let (all, ours) = (ListParams::default(), ListParams::default().labels(OURS));
    let mine = &cluster.namespace;
    let mut notes = Vec::new();
    let mut files = vec![("version.json".to_owned(), version(cluster).await)];
    files.extend(list::<McpToken>(cluster, mine, "mcptokens", &all, &mut notes).await);
    files.extend(secrets(cluster, &mut notes).await);
    files.extend(list::<Event>(cluster, mine, "events", &all, &mut notes).await);
    files.extend(list::<Service>(cluster, &home, "services", &ours, &mut notes).await);
    files.extend(list::<EndpointSlice>(cluster, &home, "endpointslices", &ours, &mut notes).await);
    files.extend(list::<Deployment>(cluster, &home, "deployments", &ours, &mut notes).await);
    files.extend(list::<Pod>(cluster, &home, "pods", &ours, &mut notes).await);
    if !wanted.no_logs {
        files.extend(logs(cluster, &home, wanted.lines, &mut notes).await);
    }
    if !notes.is_empty() {
        files.push(("missing.txt".to_owned(), notes.join("\n") + "\n"));
    }
    files
}

async fn version(cluster: &Cluster) -> String {
    let server = match cluster.client.apiserver_version().await {
        Ok(version) => format!("{}.{}", version.major, version.minor),
        Err(error) => error.to_string(),
    };
    pretty(
        &json!({"plugin": env!("CARGO_PKG_VERSION"), "kubernetes": server, "namespace": cluster.namespace}),
    )
}

async fn list<K>(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    params: &ListParams,
    notes: &mut Vec<String>,
) -> Option<(String, String)>
where
    K: Resource<Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Serialize + std::fmt::Debug,
    K::DynamicType: Default,
{
    let found = Seen::of(cluster.api_in::<K>(namespace).list(params).await);
    let items = found_or_noted(found.map(|list| list.items), &format!("{name} in {namespace}"), notes)?;
    let items: Vec<Value> =
        items.into_iter().filter_map(|item| serde_json::to_value(item).ok()).map(slim).collect();
    Some((format!("{name}.json"), pretty(&Value::Array(items))))
}

/// Names and annotations of the Secrets with tokens: their data isn't asked for, and never gets here.
async fn secrets(cluster: &Cluster, notes: &mut Vec<String>) -> Option<(String, String)> {
    let of_tokens = ListParams::default().fields(&format!("type={SECRET_TYPE}"));
    let found = Seen::of(cluster.api::<Secret>().list_metadata(&of_tokens).await);
    let items = found_or_noted(found.map(|list| list.items), "secrets", notes)?;
    let items: Vec<Value> = items
        .iter()
        .filter_map(|item| serde_json::to_value(&item.metadata).ok())
        .map(|metadata| slim(json!({"metadata": metadata})))
        .collect();
    Some(("secrets-metadata.json".to_owned(), pretty(&Value::Array(items))))
}

async fn logs(
    cluster: &Cluster,
    namespace: &str,
    lines: i64,
    notes: &mut Vec<String>,
) -> Vec<(String, String)> {
    let api = cluster.api_in::<Pod>(namespace);
    let found = Seen::of(api.list(&ListParams::default().labels(OURS)).await).map(|list| list.items);
    let mut files = Vec::new();
    for pod in found_or_noted(found, "logs", notes).unwrap_or_default() {
        let name = pod.name_any();
        let restarted = pod.status.iter().flat_map(|status| status.container_statuses.iter().flatten());
        let restarted = restarted.map(|container| container.restart_count).sum::<i32>() > 0;
        for previous in if restarted { &[false, true][..] } else { &[false] } {
            let params = LogParams { tail_lines: Some(lines), previous: *previous, ..LogParams::default() };
            let file = if *previous { format!("logs/{name}.before.log") } else { format!("logs/{name}.log") };
            let text = found_or_noted(Seen::of(api.logs(&name, &params).await), &file, notes);
            files.extend(text.map(|text| (file, text)));
        }
    }
    files
}

fn found_or_noted<T>(seen: Seen<T>, what: &str, notes: &mut Vec<String>) -> Option<T> {
    match seen {
        Seen::Found(value) => return Some(value),
        Seen::Absent => notes.push(format!("{what}: not found")),
        Seen::Unknown(why) => notes.push(format!("{what}: {why}")),
    }
    None
}

/// Without what only repeats the rest; the last applied manifest may hold what was taken out since.
fn slim(mut object: Value) -> Value {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        }
    }
    object
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_seen_is_noted() {
        let mut notes = Vec::new();
        assert_eq!(found_or_noted(Seen::Found(1), "pods", &mut notes), Some(1));
        assert_eq!(found_or_noted::<()>(Seen::Unknown("forbidden".into()), "events", &mut notes), None);
        assert_eq!(notes, ["events: forbidden"]);
    }

    #[test]
    fn last_applied_manifest_is_left_out() {
        let object = json!({"metadata": {"name": "x", "managedFields": [1],
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "a": "b"}}});
        assert_eq!(slim(object), json!({"metadata": {"name": "x", "annotations": {"a": "b"}}}));
    }
}
