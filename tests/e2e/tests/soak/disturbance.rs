//! What is done to the installation, and which errors a client may see meanwhile.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use aurora_mcp_e2e::{Cluster, cluster::NAMESPACE, eventually, gateway, workload};
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;

use crate::answer::Trouble;

/// One thing that happens in a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disturbance {
    Postgres,
    Redis,
    Aurora,
    /// As by a node that dies: no pod says goodbye.
    GatewayKilled,
    /// As by `helm upgrade`.
    GatewayRolled,
}

impl Disturbance {
    pub const ALL: [Self; 5] =
        [Self::Postgres, Self::Redis, Self::Aurora, Self::GatewayKilled, Self::GatewayRolled];

    /// Does it, and waits until everything runs again.
    pub async fn cause(self, cluster: &Cluster) -> Result<()> {
        match self {
            Self::Postgres => {
                workload::delete_pods(cluster, "app=postgres").await?;
                workload::rolled_out(cluster, "statefulset/aurora-oss-postgres").await
            }
            Self::Redis => {
                workload::delete_pods(cluster, "app=redis").await?;
                workload::rolled_out(cluster, "deployment/aurora-oss-redis").await
            }
            Self::Aurora => {
                workload::delete_pods(cluster, "app=server").await?;
                workload::rolled_out(cluster, "deployment/aurora-oss-server").await
            }
            Self::GatewayKilled => {
                let kill =
                    ["delete", "pods", "-n", NAMESPACE, "-l", gateway::PODS, "--grace-period=0", "--force"];
                cluster.kubectl(&kill).await?;
                workload::rolled_out(cluster, "deployment/aurora-mcp-gateway").await
            }
            Self::GatewayRolled => {
                let old = pods(cluster).await?;
                let restart = ["rollout", "restart", "-n", NAMESPACE, "deployment/aurora-mcp-gateway"];
                cluster.kubectl(&restart).await?;
                workload::rolled_out(cluster, "deployment/aurora-mcp-gateway").await?;
                eventually("the old pods to have answered what was in flight", 90, async || {
                    ensure!(pods(cluster).await?.is_disjoint(&old), "some are there");
                    Ok(())
                })
                .await
            }
        }
    }

    /// Tokens can't be checked without Postgres, and Aurora can't be asked while it is away. Redis is only looked at. A pod that is
    /// killed breaks its connections; one that is asked to go breaks none.
    pub fn permits(self, trouble: &Trouble) -> bool {
        match self {
            Self::Postgres => matches!(trouble, Trouble::TryLater(503)),
            Self::Aurora => matches!(trouble, Trouble::Explained(_)),
            Self::GatewayKilled => matches!(trouble, Trouble::NoConnection(_)),
            Self::Redis | Self::GatewayRolled => false,
        }
    }
}

/// The names of the gateway's pods, those included that are going.
async fn pods(cluster: &Cluster) -> Result<BTreeSet<String>> {
    let pods = cluster.typed::<Pod>().list(&ListParams::default().labels(gateway::PODS)).await?;
    Ok(pods.items.into_iter().filter_map(|pod| pod.metadata.name).collect())
}
