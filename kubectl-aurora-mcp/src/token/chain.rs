//! Everything that one token hangs on, gathered from the cluster.

use aurora_mcp_crds::McpToken;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, Secret, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::ListParams;
use serde::Serialize;

use crate::cluster::Cluster;
use crate::error::Error;
use crate::seen::Seen;

/// The resource and what belongs to it. No Secret's content is ever in it.
pub(crate) struct Chain {
    pub(crate) token: McpToken,
    pub(crate) secret: Seen<SecretFacts>,
    pub(crate) service: Seen<ServiceFacts>,
    pub(crate) events: Seen<Vec<EventFacts>>,
}

/// The Secret, without its data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SecretFacts {
    pub(crate) name: String,
    /// Which token it holds, counted from 1.
    pub(crate) serial: Option<String>,
    /// Made for this very McpToken.
    pub(crate) owned: bool,
}

/// The Service, and the pods behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceFacts {
    pub(crate) name: String,
    pub(crate) namespace: String,
    #[serde(rename = "type")]
    pub(crate) type_: String,
    pub(crate) ready: Seen<usize>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventFacts {
    pub(crate) at: Option<Timestamp>,
    #[serde(rename = "type")]
    pub(crate) type_: String,
    pub(crate) reason: String,
    pub(crate) message: String,
}

/// Looks at all of it.
pub(crate) async fn gather(cluster: &Cluster, name: &str) -> Result<Chain, Error> {
    let token = cluster.token(name).await?;
    let status = token.status.clone().unwrap_or_default();
    let secret = match &status.secret_name {
        Some(secret) => self::secret(cluster, &token, secret).await,
        None => Seen::Absent,
    };
    let service = match &status.service_name {
        Some(service) => self::service(cluster, service, status.endpoint.as_deref()).await,
        None => Seen::Absent,
    };
    let events = events(cluster, name, token.metadata.uid.as_deref()).await;
    Ok(Chain { token, secret, service, events })
}

async fn secret(cluster: &Cluster, token: &McpToken, name: &str) -> Seen<SecretFacts> {
    // Metadata alone: nothing secret travels.
    Seen::of(cluster.api::<Secret>().get_metadata(name).await).map(|secret| SecretFacts {
        name: name.to_owned(),
        serial: secret.metadata.annotations.and_then(|mut all| all.remove(aurora_mcp_plan::SERIAL)),
        owned: secret
            .metadata
            .owner_references
            .iter()
            .flatten()
            .any(|owner| Some(&owner.uid) == token.metadata.uid.as_ref()),
    })
}

async fn service(cluster: &Cluster, name: &str, endpoint: Option<&str>) -> Seen<ServiceFacts> {
    let namespace =
        endpoint.and_then(|url| namespace_in(url, name)).unwrap_or_else(|| cluster.namespace.clone());
    match Seen::of(cluster.api_in::<Service>(&namespace).get(name).await) {
        Seen::Found(service) => {
            let type_ = service.spec.and_then(|spec| spec.type_).unwrap_or_else(|| "ClusterIP".to_owned());
            let ready = ready_addresses(cluster, &namespace, name).await;
            Seen::Found(ServiceFacts { name: name.to_owned(), namespace, type_, ready })
        }
        other => other.map(|_| ServiceFacts {
            name: name.to_owned(),
            namespace: namespace.clone(),
            type_: String::new(),
            ready: Seen::Absent,
        }),
    }
}

/// The namespace in an address such as `http://service.namespace.svc.cluster.local:8811/mcp`.
pub(crate) fn namespace_in(url: &str, service: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    let mut labels = url.host_str()?.split('.');
    let (first, namespace, svc) = (labels.next()?, labels.next()?, labels.next()?);
    (first == service && svc == "svc").then(|| namespace.to_owned())
}

async fn ready_addresses(cluster: &Cluster, namespace: &str, service: &str) -> Seen<usize> {
    let of_service = ListParams::default().labels(&format!("kubernetes.io/service-name={service}"));
    Seen::of(cluster.api_in::<EndpointSlice>(namespace).list(&of_service).await).map(|slices| {
        let endpoints = slices.items.into_iter().flat_map(|slice| slice.endpoints);
        endpoints
            .filter(|endpoint| endpoint.conditions.as_ref().and_then(|all| all.ready).unwrap_or(true))
            .count()
    })
}

async fn events(cluster: &Cluster, name: &str, uid: Option<&str>) -> Seen<Vec<EventFacts>> {
    let uid = uid.map(|uid| format!(",involvedObject.uid={uid}")).unwrap_or_default();
    let fields = format!("involvedObject.kind=McpToken,involvedObject.name={name}{uid}");
    let found = cluster.api::<Event>().list(&ListParams::default().fields(&fields)).await;
    Seen::of(found).map(|events| {
        let mut all: Vec<EventFacts> = events.items.into_iter().map(event).collect();
        all.sort_by_key(|event| event.at);
        all
    })
}

fn event(event: Event) -> EventFacts {
    let at =
        event.series.and_then(|series| series.last_observed_time).or(event.event_time).map(|time| time.0);
    EventFacts {
        at: at.or_else(|| event.last_timestamp.map(|time| time.0)),
        type_: event.type_.unwrap_or_default(),
        reason: event.reason.unwrap_or_default(),
        message: event.message.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespace_of_the_gateway_is_read_from_the_address() {
        for (url, namespace) in [
            ("http://aurora-oss-mcp.aurora-oss.svc.cluster.local:8811/mcp", Some("aurora-oss")),
            ("http://aurora-oss-mcp.aurora-oss.svc:8811/mcp", Some("aurora-oss")),
            ("https://mcp.example.com/mcp", None),
            ("http://other.aurora-oss.svc:8811/mcp", None),
            ("http://aurora-oss-mcp:8811/mcp", None),
            ("nonsense", None),
        ] {
            assert_eq!(namespace_in(url, "aurora-oss-mcp").as_deref(), namespace, "{url}");
        }
    }
}
