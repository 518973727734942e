//! The gateway: the pods behind a token's Service.

use aurora_mcp_crds::McpToken;
use k8s_openapi::api::core::v1::{Pod, Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::api::ListParams;

use crate::cluster::Cluster;
use crate::error::Error;
use crate::output::command;
use crate::token::chain::namespace_in;

/// The name of the port of MCP in the chart's pods.
const PORT_NAME: &str = "mcp";

/// A Service that leads to the gateway.
#[derive(Clone)]
pub(crate) struct Gateway {
    pub(crate) cluster: Cluster,
    pub(crate) namespace: String,
    pub(crate) service: String,
}

/// A pod behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GatewayPod {
    pub(crate) name: String,
    pub(crate) port: u16,
    pub(crate) ready: bool,
    /// It speaks TLS itself.
    pub(crate) tls: bool,
}

/// The pods behind a Service, but those on their way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GatewayPods {
    /// `namespace/service`.
    pub(crate) service: String,
    pub(crate) all: Vec<GatewayPod>,
    /// The flags of kubectl that choose them. The chart's Deployment has the labels that its Service selects by.
    flags: String,
}

impl GatewayPods {
    pub(crate) fn of(namespace: &str, service: &str, labels: &str, all: Vec<GatewayPod>) -> Self {
        Self { service: format!("{namespace}/{service}"), all, flags: format!("-n {namespace} -l {labels}") }
    }

    /// One that can be asked.
    pub(crate) fn ready(&self) -> Option<&GatewayPod> {
        self.all.iter().find(|pod| pod.ready)
    }

    /// What to do where none is ready.
    pub(crate) fn hint(&self) -> String {
        let which = &self.flags;
        if self.all.is_empty() {
            format!(
                "`kubectl get deployments,pods {which}` shows what there is; `kubectl scale deployment {which} --replicas=2` starts it if it is scaled to 0"
            )
        } else {
            format!("`kubectl describe pods {which}` says why")
        }
    }
}

impl Gateway {
    /// The one that a token's status names.
    pub(crate) async fn of(
        cluster: &Cluster,
        token: &McpToken,
        namespace: Option<&str>,
    ) -> Result<Self, Error> {
        let status = token.status.as_ref();
        let service = status.and_then(|status| status.service_name.clone()).ok_or_else(|| {
            let own = token.metadata.name.as_deref().unwrap_or_default();
            let status = command("status", &cluster.namespace, own);
            Error::Usage(format!("the operator names no Service for this token yet; `{status}` shows why"))
        })?;
        let named = status.and_then(|status| namespace_in(status.endpoint.as_deref()?, &service));
        let namespace = namespace.map(str::to_owned).or(named).unwrap_or_else(|| cluster.namespace.clone());
        let gateway = Self { cluster: cluster.clone(), namespace, service };
        let found = gateway.read().await?;
        // An alias in a tenant's namespace leads on to the gateway's own Service.
        let alias = found.spec.and_then(|spec| spec.external_name);
        Ok(match alias.as_deref().and_then(target_of_alias) {
            Some((service, namespace)) => Self { cluster: cluster.clone(), namespace, service },
            None => gateway,
        })
    }

    async fn read(&self) -> Result<Service, Error> {
        let found = self.cluster.api_in::<Service>(&self.namespace).get(&self.service).await;
        found.map_err(|error| match error {
            kube::Error::Api(status) if status.code == 404 => Error::Usage(format!(
                "no Service {} in namespace {}; say where the gateway is with --gateway-namespace",
                self.service, self.namespace
            )),
            error => Error::api(format!("read Service {}/{}", self.namespace, self.service), error),
        })
    }

    /// The pods behind the Service.
    pub(crate) async fn pods(&self) -> Result<GatewayPods, Error> {
        let spec = self.read().await?.spec.unwrap_or_default();
        let selector = selector(&spec);
        let port = spec.ports.unwrap_or_default().into_iter().next();
        if selector.is_empty() {
            return Err(Error::Usage(format!("Service {} selects no pods", self.service)));
        }
        let wanted = ListParams::default().labels(&selector);
        let pods = self.cluster.api_in::<Pod>(&self.namespace).list(&wanted).await;
        let pods = pods.map_err(|error| Error::api(format!("list pods in {}", self.namespace), error))?;
        let pods = pods.items.iter().filter_map(|pod| facts(pod, port.as_ref())).collect();
        Ok(GatewayPods::of(&self.namespace, &self.service, &selector, pods))
    }
}

/// The labels of a Service's pods, as kubectl and the API server take them.
fn selector(spec: &ServiceSpec) -> String {
    let labels = spec.selector.iter().flatten().map(|(key, value)| format!("{key}={value}"));
    labels.collect::<Vec<_>>().join(",")
}

/// `service.namespace.svc…`, as an `ExternalName` has it.
fn target_of_alias(host: &str) -> Option<(String, String)> {
    let mut labels = host.split('.');
    let (service, namespace, svc) = (labels.next()?, labels.next()?, labels.next()?);
    (svc == "svc").then(|| (service.to_owned(), namespace.to_owned()))
}

fn facts(pod: &Pod, port: Option<&ServicePort>) -> Option<GatewayPod> {
    let status = pod.status.as_ref()?;
    if pod.metadata.deletion_timestamp.is_some() || status.phase.as_deref() != Some("Running") {
        return None;
    }
    let ready = status.conditions.iter().flatten().any(|one| one.type_ == "Ready" && one.status == "True");
    Some(GatewayPod {
        name: pod.metadata.name.clone()?,
        port: port_of(pod, port)?,
        ready,
        tls: speaks_tls(pod),
    })
}

/// The pod says so itself, in how it is probed; so a rollout that switches TLS on is no riddle.
fn speaks_tls(pod: &Pod) -> bool {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let mut probes = containers.filter_map(|container| container.readiness_probe.as_ref()?.http_get.as_ref());
    probes.any(|probe| probe.scheme.as_deref() == Some("HTTPS"))
}

/// The number behind a Service's port: Services may name the container's port.
fn port_of(pod: &Pod, port: Option<&ServicePort>) -> Option<u16> {
    let named = |name: &str| {
        let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
        let mut ports = containers.flat_map(|container| container.ports.iter().flatten());
        ports.find(|port| port.name.as_deref() == Some(name)).map(|port| port.container_port)
    };
    let number = match port.and_then(|port| port.target_port.as_ref()) {
        Some(IntOrString::Int(number)) => Some(*number),
        Some(IntOrString::String(name)) => named(name),
        None => port.map(|port| port.port).or_else(|| named(PORT_NAME)),
    };
    u16::try_from(number?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod() -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": "gateway-1"},
            "spec": {"containers": [{"name": "gateway", "ports": [{"name": "mcp", "containerPort": 8811}]}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
        }))
        .unwrap()
    }

    fn port(target: &serde_json::Value) -> ServicePort {
        serde_json::from_value(json!({"port": 80, "targetPort": target})).unwrap()
    }

    #[test]
    fn port_of_the_pod_is_found_by_name_and_by_number() {
        assert_eq!(port_of(&pod(), Some(&port(&json!("mcp")))), Some(8811));
        assert_eq!(port_of(&pod(), Some(&port(&json!(9000)))), Some(9000));
        assert_eq!(port_of(&pod(), Some(&port(&json!("other")))), None);
        assert_eq!(port_of(&pod(), None), Some(8811));
    }

    #[test]
    fn pod_on_its_way_out_is_left_out() {
        assert!(facts(&pod(), None).is_some_and(|pod| pod.ready));
        let mut leaving = pod();
        leaving.metadata.deletion_timestamp =
            Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(jiff::Timestamp::UNIX_EPOCH));
        assert_eq!(facts(&leaving, None), None);
    }

    #[test]
    fn pod_with_tls_of_its_own_is_told_by_its_probe() {
        assert!(!facts(&pod(), None).unwrap().tls);
        let mut pod = pod();
        let probe = json!({"httpGet": {"path": "/readyz", "port": "mcp", "scheme": "HTTPS"}});
        pod.spec.as_mut().unwrap().containers[0].readiness_probe = serde_json::from_value(probe).unwrap();
        assert!(facts(&pod, None).unwrap().tls);
    }

    #[test]
    fn gateway_without_pods_needs_another_hint_than_one_that_is_not_ready() {
        let mut pod = facts(&pod(), None).unwrap();
        pod.ready = false;
        for (all, hint) in [
            (vec![], "kubectl scale deployment -n team -l a=b --replicas=2"),
            (vec![pod], "kubectl describe pods -n team -l a=b"),
        ] {
            let pods = GatewayPods::of("team", "mcp", "a=b", all);
            assert_eq!(pods.ready(), None);
            assert!(pods.hint().contains(hint), "{}", pods.hint());
        }
    }

    #[test]
    fn alias_names_service_and_namespace() {
        let target = target_of_alias("aurora-oss-mcp.aurora-oss.svc.cluster.local");
        assert_eq!(target, Some(("aurora-oss-mcp".into(), "aurora-oss".into())));
        assert_eq!(target_of_alias("mcp.example.com"), None);
    }
}
