//! The gateway as a client reaches it: by port-forward to its Service, or to one of its pods.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;

use crate::{Cluster, Session, cluster::NAMESPACE, forward::Forward};

/// Labels of the gateway's pods.
pub const PODS: &str = "app.kubernetes.io/name=aurora-mcp,app.kubernetes.io/component=gateway";

/// A way to the gateway. It lasts as long as the pod that it leads to.
pub struct Gateway {
    http: reqwest::Client,
    /// Where it is, without a path.
    base: String,
    _forward: Forward,
}

/// An answer of the gateway.
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as it came.
    pub body: String,
}

/// The pods that serve and aren't on their way out, as kubectl names them.
async fn serving(cluster: &Cluster) -> Result<Vec<String>> {
    let pods = cluster.typed::<Pod>().list(&ListParams::default().labels(PODS)).await?;
    ensure!(!pods.items.is_empty(), "no gateway pods have the labels {PODS}");
    let pods = pods.items.into_iter().filter(|pod| pod.metadata.deletion_timestamp.is_none());
    Ok(pods.filter_map(|pod| pod.metadata.name).map(|name| format!("pod/{name}")).collect())
}

fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(90))
}

impl Gateway {
    /// By the Service.
    pub async fn open() -> Result<Self> {
        Self::open_service("aurora-oss-mcp", 8811).await
    }

    /// By another Service that leads to it.
    pub async fn open_service(name: &str, port: u16) -> Result<Self> {
        Self::forward(&format!("svc/{name}"), port).await
    }

    /// One for each pod that serves.
    pub async fn open_each(cluster: &Cluster) -> Result<Vec<Self>> {
        let mut all = Vec::new();
        for pod in serving(cluster).await? {
            all.push(Self::forward(&pod, 8811).await?);
        }
        Ok(all)
    }

    /// One for each pod that serves, with TLS, under the name of the Service, trusting this authority alone.
    pub async fn open_each_tls(cluster: &Cluster, service: &str, authority: &str) -> Result<Vec<Self>> {
        let mut all = Vec::new();
        for pod in serving(cluster).await? {
            all.push(Self::forward_tls(&pod, 8811, service, authority).await?);
        }
        Ok(all)
    }

    /// By its Service, with TLS, under the Service's name in the cluster, trusting this authority alone.
    pub async fn open_tls(name: &str, port: u16, authority: &str) -> Result<Self> {
        Self::forward_tls(&format!("svc/{name}"), port, name, authority).await
    }

    async fn forward_tls(target: &str, port: u16, service: &str, authority: &str) -> Result<Self> {
        let forward = Forward::open(target, port).await?;
        let host = format!("{service}.{NAMESPACE}.svc.cluster.local");
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, forward.port()));
        let root = reqwest::Certificate::from_pem(authority.as_bytes())?;
        let http = builder().tls_certs_only([root]).resolve(&host, here).build()?;
        Ok(Self { http, base: format!("https://{host}:{}", forward.port()), _forward: forward })
    }

    async fn forward(target: &str, port: u16) -> Result<Self> {
        let forward = Forward::open(target, port).await?;
        let base = format!("http://127.0.0.1:{}", forward.port());
        Ok(Self { http: builder().build()?, base, _forward: forward })
    }

    /// Where it serves MCP.
    pub fn url(&self) -> String {
        format!("{}/mcp", self.base)
    }

    /// Posts a JSON-RPC message to /mcp, with an Authorization header or without.
    pub async fn post(&self, authorization: Option<&str>, message: &Value) -> Result<Reply> {
        let mut request = self
            .http
            .post(self.url())
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json")
            .header("mcp-protocol-version", "2025-11-25")
            .body(message.to_string());
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let response = request.send().await.context("asking the gateway")?;
        Ok(Reply {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.text().await?,
        })
    }

    /// A session of MCP with a token.
    pub fn session(&self, token: &str) -> Session<'_> {
        Session::new(self, token)
    }
}
