//! `--pre`: whether the chart can be installed beside this Aurora.

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use k8s_openapi::api::core::v1::{ConfigMap, Secret, Service};
use kube::api::{Api, PostParams};

use crate::cluster::Cluster;
use crate::doctor::finding::{Finding, QUICKSTART};
use crate::doctor::judge;
use crate::error::innermost;
use crate::seen::Seen;

/// What the installation makes first.
const RIGHTS: [(&str, &str, &str); 4] = [
    ("apiextensions.k8s.io", "customresourcedefinitions", "create"),
    ("apps", "deployments", "create"),
    ("rbac.authorization.k8s.io", "roles", "create"),
    ("", "services", "create"),
];

/// The API server answers, and isn't too old.
pub(super) async fn version(cluster: &Cluster) -> Finding {
    match cluster.client.apiserver_version().await {
        Ok(version) => judge::version(&version.major, &version.minor),
        Err(error) => {
            Finding::failed("cluster", format!("the API server doesn't answer: {}", innermost(&error)))
                .hint("check `kubectl version` with the same context", "docs/kubectl-plugin.md")
        }
    }
}

pub(super) async fn examine(cluster: &Cluster, release: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (group, resource, verb) in RIGHTS {
        findings.push(right(cluster, group, resource, verb).await);
    }
    let name = format!("{release}-config");
    findings.push(part("ConfigMap", &name, Seen::of(cluster.api::<ConfigMap>().get_metadata(&name).await)));
    for suffix in ["secrets-db", "secrets-app"] {
        let name = format!("{release}-{suffix}");
        findings.push(part("Secret", &name, Seen::of(cluster.api::<Secret>().get_metadata(&name).await)));
    }
    let name = format!("{release}-mcp");
    findings.push(endpoint(&name, cluster.api::<Service>().get(&name).await));
    findings
}

async fn right(cluster: &Cluster, group: &str, resource: &str, verb: &str) -> Finding {
    let attributes = ResourceAttributes {
        group: Some(group.to_owned()),
        resource: Some(resource.to_owned()),
        verb: Some(verb.to_owned()),
        namespace: Some(cluster.namespace.clone()),
        ..ResourceAttributes::default()
    };
    let spec = SelfSubjectAccessReviewSpec {
        resource_attributes: Some(attributes),
        ..SelfSubjectAccessReviewSpec::default()
    };
    let review = SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() };
    let api = Api::<SelfSubjectAccessReview>::all(cluster.client.clone());
    match api.create(&PostParams::default(), &review).await {
        Ok(review) if review.status.as_ref().is_some_and(|status| status.allowed) => {
            Finding::ok("rights", format!("you may {verb} {resource}"))
        }
        Ok(_) => Finding::failed("rights", format!("you may not {verb} {resource} in {}", cluster.namespace))
            .hint(
                "let somebody install who may; an installed CRD needs no further right (crds.install=false)",
                QUICKSTART,
            ),
        Err(error) => Finding::skipped("rights", format!("not known: {}", innermost(&error))),
    }
}

fn part<T>(kind: &str, name: &str, seen: Seen<T>) -> Finding {
    match seen {
        Seen::Found(_) => Finding::ok("aurora", format!("{kind} {name} is there")),
        Seen::Absent => Finding::failed("aurora", format!("{kind} {name} isn't there")).hint(
            "is this Aurora's namespace? If its release has another name, give --aurora-release, and aurora.releaseName to the chart",
            QUICKSTART,
        ),
        Seen::Unknown(why) => Finding::skipped("aurora", format!("{kind} {name}: {why}")),
    }
}

/// The name that the gateway's Service is to have.
fn endpoint(name: &str, found: kube::Result<Service>) -> Finding {
    match Seen::of(found) {
        Seen::Absent => Finding::ok("service", format!("the name {name} is free")),
        Seen::Found(service) if is_ours(&service) => {
            Finding::ok("service", format!("{name} is this gateway's already"))
        }
        Seen::Found(_) => Finding::warning("service", format!("Aurora's own server has the Service {name}"))
            .hint(
                "scale that down and remove it, or install side by side with gateway.service.name=aurora-mcp",
                QUICKSTART,
            ),
        Seen::Unknown(why) => Finding::skipped("service", why),
    }
}

fn is_ours(service: &Service) -> bool {
    let label = service.metadata.labels.as_ref().and_then(|all| all.get("app.kubernetes.io/name"));
    label.is_some_and(|name| name == "aurora-mcp")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::doctor::finding::Verdict;

    #[test]
    fn occupied_name_is_told_from_our_own() {
        let mut service = Service::default();
        assert_eq!(endpoint("a-mcp", Ok(service.clone())).verdict, Verdict::Warning);
        let label = ("app.kubernetes.io/name".to_owned(), "aurora-mcp".to_owned());
        service.metadata.labels = Some(BTreeMap::from([label]));
        assert_eq!(endpoint("a-mcp", Ok(service)).verdict, Verdict::Ok);
    }

    #[test]
    fn what_may_not_be_seen_is_no_failure() {
        assert_eq!(part::<()>("Secret", "x", Seen::Unknown("no".into())).verdict, Verdict::Skipped);
        assert_eq!(part::<()>("Secret", "x", Seen::Absent).verdict, Verdict::Failed);
    }
}
