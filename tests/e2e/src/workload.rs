//! Stopping, starting and restarting workloads.

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Pod};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use serde_json::json;

use crate::{Cluster, cluster::NAMESPACE, eventually};

/// Scales a Deployment and waits until it has that many ready pods, and no other pods.
pub async fn scale(cluster: &Cluster, name: &str, replicas: i32) -> Result<()> {
    let deployments = cluster.typed::<Deployment>();
    let patch = Patch::Merge(json!({"spec": {"replicas": replicas}}));
    deployments
        .patch_scale(name, &PatchParams::default(), &patch)
        .await
        .with_context(|| format!("scaling {name}"))?;
    eventually(&format!("{name} to have {replicas} pods"), 90, async || {
        let status = deployments.get(name).await?.status.unwrap_or_default();
        let ready = status.ready_replicas.unwrap_or_default();
        let all = status.replicas.unwrap_or_default();
        ensure!((ready, all) == (replicas, replicas), "{ready} of {all} pods are ready");
        Ok(())
    })
    .await
}

/// Deletes all pods with these labels at once, and returns how many there were.
pub async fn delete_pods(cluster: &Cluster, labels: &str) -> Result<usize> {
    let pods = cluster.typed::<Pod>();
    let parameters = ListParams::default().labels(labels);
    let count = pods.list(&parameters).await?.items.len();
    ensure!(count > 0, "no pods have the labels {labels}");
    pods.delete_collection(&DeleteParams::default(), &parameters).await?;
    Ok(count)
}

/// Waits until a workload such as `deployment/x` is completely rolled out.
pub async fn rolled_out(cluster: &Cluster, workload: &str) -> Result<()> {
    let arguments = ["rollout", "status", "-n", NAMESPACE, workload, "--timeout=120s"];
    cluster.kubectl(&arguments).await.map(drop)
}
