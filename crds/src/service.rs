//! The Service of a token: `McpToken.spec.service`.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A Service that leads to the gateway.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.loadBalancerSourceRanges) || (has(self.type) && self.type == 'LoadBalancer')")
        .message("loadBalancerSourceRanges needs type LoadBalancer"),
    validation = Rule::new("has(self.name) || !(has(self.type) || has(self.port) || has(self.labels) || has(self.annotations))")
        .message("service.name is missing: the gateway's own Service can't be changed from here"),
)]
pub struct ServiceSpec {
    /// Its name. Default: the gateway's own Service. In another namespace than the gateway's it becomes an alias of it (type `ExternalName`), so that
    /// an agent there finds token and endpoint side by side. A Service that the operator did not make is never changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: Option<String>,

    /// How it is exposed. Default: `ClusterIP` beside the gateway, `ExternalName` elsewhere.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<ServiceType>,

    /// Its port. Default: the gateway's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i32>,

    /// Labels to add to it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,

    /// Annotations to add to it, such as a cloud's load balancer settings.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,

    /// Networks that may reach a load balancer, in CIDR form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), inner(length(min = 3, max = 43)))]
    pub load_balancer_source_ranges: Option<Vec<String>>,
}

/// How a Service is exposed, as Kubernetes names it.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "named by Kubernetes itself; a description of each would turn the enum into oneOf"
)]
pub enum ServiceType {
    #[serde(rename = "ClusterIP")]
    ClusterIp,
    NodePort,
    LoadBalancer,
    ExternalName,
}
