//! The Services: the gateway's own, and the one that a token names.

use std::collections::BTreeMap;

use aurora_mcp_crds::{McpToken, ServiceSpec, ServiceType};
use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec as KubeServiceSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::identity::Verdict;
use crate::labels::{HELM, HELM_NAMESPACE, HELM_RELEASE, MADE_BY, MANAGED_BY, MANAGED_BY_VALUE};
use crate::secret::{holds, merged, owner_reference};
use crate::{Config, Observed, Reason, Step};

/// What the gateway's pods call the port that serves MCP.
const GATEWAY_PORT_NAME: &str = "mcp";

/// What becomes of the Services.
#[derive(Debug, Clone, Default)]
pub(crate) struct Decision {
    pub(crate) steps: Vec<Step>,
    pub(crate) problem: Option<(Reason, String)>,
    pub(crate) name: String,
    pub(crate) url: String,
}

/// The name that a token gives to a Service of its own, if it does.
pub(crate) fn own_name<'a>(resource: &'a McpToken, config: &Config) -> Option<&'a str> {
    let name = resource.spec.service.as_ref()?.name.as_deref()?;
    let is_gateways = name == config.gateway.service
        && resource.metadata.namespace.as_deref() == Some(config.gateway.namespace.as_str());
    (!is_gateways).then_some(name)
}

/// The address for MCP clients.
pub(crate) fn url(resource: &McpToken, config: &Config) -> String {
    let scheme = config.gateway.scheme.as_str();
    if let Some(name) = own_name(resource, config) {
        let namespace = resource.metadata.namespace.as_deref().unwrap_or_default();
        let port = if is_alias(resource, config) { config.gateway.port } else { port(resource, config) };
        return format!("{scheme}://{name}.{namespace}.svc.cluster.local:{port}/mcp");
    }
    config
        .public_url
        .clone()
        .unwrap_or_else(|| format!("{scheme}://{}:{}/mcp", config.gateway.host(), config.gateway.port))
}

fn port(resource: &McpToken, config: &Config) -> i32 {
    resource.spec.service.as_ref().and_then(|service| service.port).unwrap_or(config.gateway.port)
}

/// A Service selects pods of its own namespace only: elsewhere it can only be an alias of the gateway's.
fn is_alias(resource: &McpToken, config: &Config) -> bool {
    let type_ = resource.spec.service.as_ref().and_then(|service| service.type_);
    type_ == Some(ServiceType::ExternalName)
        || resource.metadata.namespace.as_deref() != Some(config.gateway.namespace.as_str())
}

pub(crate) fn plan(observed: &Observed<'_>, config: &Config, verdict: &Verdict) -> Decision {
    let mut decision = Decision {
        name: own_name(observed.resource, config).unwrap_or(&config.gateway.service).to_owned(),
        url: url(observed.resource, config),
        ..Decision::default()
    };
    decision.steps.extend(removal(observed, config));
    // Who may not have a token gets no Service made either.
    if matches!(verdict, Verdict::Blocked { .. }) {
        return decision;
    }
    if observed.gateway_service.is_none() && !observed.release_leaving {
        decision.steps.push(Step::WriteService(Box::new(gateway_service(config))));
    }
    if own_name(observed.resource, config).is_some() {
        match named(observed, config) {
            Ok(step) => decision.steps.extend(step),
            Err(problem) => decision.problem = Some(problem),
        }
    }
    decision
}

/// The Service of an earlier name is given up: it goes, unless another McpToken shares it.
fn removal(observed: &Observed<'_>, config: &Config) -> Option<Step> {
    let service = observed.former_service.as_ref().filter(|service| made_by_us(service, config))?;
    let owners = service.metadata.owner_references.as_deref().unwrap_or_default();
    let others: Vec<_> = owners.iter().filter(|owner| owner.uid != observed.uid()).cloned().collect();
    if others.len() == owners.len() {
        return None;
    }
    if others.is_empty() {
        return Some(Step::RemoveService {
            namespace: service.metadata.namespace.clone()?,
            name: service.metadata.name.clone()?,
        });
    }
    let mut shared = service.clone();
    shared.metadata.owner_references = Some(others);
    shared.metadata.managed_fields = None;
    Some(Step::WriteService(Box::new(shared)))
}

/// The gateway's Service, when it is missing. It belongs to all tokens, so to none by owner reference.
///
/// Where a Helm release brings it, somebody deleted it: then it is made as Helm's, or the next upgrade could not take it over.
fn gateway_service(config: &Config) -> Service {
    let (by, marks) = match &config.gateway.release {
        Some(release) => (HELM, vec![(HELM_RELEASE, release), (HELM_NAMESPACE, &config.gateway.namespace)]),
        None => (MANAGED_BY_VALUE, vec![(MADE_BY, &config.installation)]),
    };
    let marks = marks.into_iter().map(|(mark, value)| (mark.to_owned(), value.clone()));
    Service {
        metadata: ObjectMeta {
            name: Some(config.gateway.service.clone()),
            namespace: Some(config.gateway.namespace.clone()),
            labels: Some(BTreeMap::from([(MANAGED_BY.into(), by.into())])),
            annotations: Some(marks.collect()),
            ..ObjectMeta::default()
        },
        spec: Some(KubeServiceSpec {
            type_: Some("ClusterIP".into()),
            selector: Some(config.gateway.selector.clone()),
            ports: Some(vec![service_port(config.gateway.port)]),
            ..KubeServiceSpec::default()
        }),
        status: None,
    }
}

fn service_port(port: i32) -> ServicePort {
    ServicePort {
        name: Some(GATEWAY_PORT_NAME.into()),
        port,
        protocol: Some("TCP".into()),
        target_port: Some(IntOrString::String(GATEWAY_PORT_NAME.into())),
        ..ServicePort::default()
    }
}

/// The Service that the token names, beside it.
fn named(observed: &Observed<'_>, config: &Config) -> Result<Option<Step>, (Reason, String)> {
    let resource = observed.resource;
    let wanted = resource.spec.service.clone().unwrap_or_default();
    let name = wanted.name.clone().unwrap_or_default();
    let alias = is_alias(resource, config);
    if alias && wanted.type_.is_some_and(|type_| type_ != ServiceType::ExternalName) {
        let message = format!(
            "Service {name} must be of type ExternalName here: only in namespace {} can it lead to the gateway's pods",
            config.gateway.namespace
        );
        return Err((Reason::ServiceConflict, message));
    }
    let existing = observed.service.as_ref();
    if existing.is_some_and(|service| !made_by_us(service, config)) {
        let message = format!(
            "Service {name} exists and was not made by this operator: choose another spec.service.name"
        );
        return Err((Reason::ServiceConflict, message));
    }
    let owners = owners(existing, resource);
    let spec = if alias { alias_spec(config) } else { pod_spec(&wanted, resource, config) };
    let service = build(&name, resource, &wanted, config, existing, owners, spec);
    if existing.is_some_and(|there| same(there, &service)) {
        return Ok(None);
    }
    let others = service.metadata.owner_references.as_ref().map_or(0, Vec::len) > 1;
    if others && existing.is_some_and(|there| !same_spec(there, &service)) {
        let message = format!(
            "Service {name} is shared with another McpToken that wants it otherwise: give both the same spec.service"
        );
        return Err((Reason::ServiceConflict, message));
    }
    Ok(Some(Step::WriteService(Box::new(service))))
}

pub(crate) fn made_by_us(service: &Service, config: &Config) -> bool {
    let annotation = service.metadata.annotations.as_ref().and_then(|all| all.get(MADE_BY));
    annotation.map(String::as_str) == Some(config.installation.as_str())
}

/// Several McpTokens may share a Service: it goes with the last of them.
fn owners(existing: Option<&Service>, resource: &McpToken) -> Vec<OwnerReference> {
    let mut owners =
        existing.and_then(|service| service.metadata.owner_references.clone()).unwrap_or_default();
    let own = owner_reference(resource, false);
    if !owners.iter().any(|owner| owner.uid == own.uid) {
        owners.push(own);
    }
    owners
}

fn alias_spec(config: &Config) -> KubeServiceSpec {
    KubeServiceSpec {
        type_: Some("ExternalName".into()),
        external_name: Some(config.gateway.host()),
        ports: Some(vec![ServicePort { target_port: None, ..service_port(config.gateway.port) }]),
        ..KubeServiceSpec::default()
    }
}

fn pod_spec(wanted: &ServiceSpec, resource: &McpToken, config: &Config) -> KubeServiceSpec {
    let type_ = match wanted.type_ {
        Some(ServiceType::NodePort) => "NodePort",
        Some(ServiceType::LoadBalancer) => "LoadBalancer",
        _ => "ClusterIP",
    };
    KubeServiceSpec {
        type_: Some(type_.into()),
        selector: Some(config.gateway.selector.clone()),
        ports: Some(vec![service_port(port(resource, config))]),
        load_balancer_source_ranges: wanted.load_balancer_source_ranges.clone(),
        ..KubeServiceSpec::default()
    }
}

fn build(
    name: &str,
    resource: &McpToken,
    wanted: &ServiceSpec,
    config: &Config,
    existing: Option<&Service>,
    owners: Vec<OwnerReference>,
    spec: KubeServiceSpec,
) -> Service {
    let there = existing.map(|service| service.metadata.clone()).unwrap_or_default();
    let mut labels = wanted.labels.clone();
    labels.insert(MANAGED_BY.into(), MANAGED_BY_VALUE.into());
    let mut annotations = wanted.annotations.clone();
    annotations.insert(MADE_BY.into(), config.installation.clone());
    Service {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            namespace: resource.metadata.namespace.clone(),
            resource_version: there.resource_version,
            uid: there.uid,
            labels: Some(merged(there.labels, labels)),
            annotations: Some(merged(there.annotations, annotations)),
            owner_references: Some(owners),
            ..ObjectMeta::default()
        },
        spec: Some(keep_assigned(existing, spec)),
        status: None,
    }
}

/// What Kubernetes assigned (addresses, node ports) stays as it is, or an update would be refused.
fn keep_assigned(existing: Option<&Service>, wanted: KubeServiceSpec) -> KubeServiceSpec {
    let Some(there) =
        existing.and_then(|service| service.spec.clone()).filter(|there| there.type_ == wanted.type_)
    else {
        return wanted;
    };
    let ports = wanted.ports.map(|ports| {
        let assigned = there.ports.iter().flatten().next().cloned().unwrap_or_default();
        let keep = |port: ServicePort| ServicePort {
            node_port: assigned.node_port,
            target_port: port.target_port.or(assigned.target_port.clone()),
            ..port
        };
        ports.into_iter().map(keep).collect()
    });
    KubeServiceSpec {
        type_: wanted.type_,
        selector: wanted.selector,
        external_name: wanted.external_name,
        load_balancer_source_ranges: wanted.load_balancer_source_ranges,
        ports,
        ..there
    }
}

fn same(there: &Service, wanted: &Service) -> bool {
    let empty = BTreeMap::new();
    holds(there.metadata.labels.as_ref(), wanted.metadata.labels.as_ref().unwrap_or(&empty))
        && holds(there.metadata.annotations.as_ref(), wanted.metadata.annotations.as_ref().unwrap_or(&empty))
        && there.metadata.owner_references == wanted.metadata.owner_references
        && same_spec(there, wanted)
}

fn same_spec(there: &Service, wanted: &Service) -> bool {
    there.spec == wanted.spec
}
