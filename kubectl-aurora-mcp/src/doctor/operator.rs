//! The operator: without it nothing changes, while everything there is works on.

use aurora_mcp_crds::McpToken;
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::ListParams;

use crate::cluster::Cluster;
use crate::doctor::finding::{Finding, OPERATIONS, QUICKSTART};
use crate::seen::Seen;

/// How the chart marks the operator's Deployment, whatever the release is called.
const OPERATOR: &str = "app.kubernetes.io/part-of=aurora,app.kubernetes.io/component=operator";

/// Where the operator should be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    namespace: String,
    /// The operator that serves the token, where several are.
    name: Option<String>,
    /// Somebody said so; a guess that is wrong is no failure.
    known: bool,
}

impl Place {
    /// As the flag says, else where the token was claimed from (`<namespace>/<lease>`, and the Lease has the
    /// Deployment's name), else where the gateway is.
    pub(super) fn of(token: Option<&McpToken>, told: Option<&str>, gateway: Option<&str>, own: &str) -> Self {
        let claim = token.and_then(aurora_mcp_plan::claim).and_then(|claim| claim.split_once('/'));
        let known = told.or(claim.map(|(namespace, _)| namespace)).or(gateway);
        Self {
            namespace: known.unwrap_or(own).to_owned(),
            name: claim.map(|(_, name)| name.to_owned()),
            known: known.is_some(),
        }
    }
}

/// Its Deployment is asked, since who may look at a namespace may read that, but no Lease.
pub(super) async fn examine(cluster: &Cluster, place: &Place) -> Vec<Finding> {
    let wanted = ListParams::default().labels(OPERATOR);
    let found = cluster.api_in::<Deployment>(&place.namespace).list(&wanted).await;
    told(place, Seen::of(found).map(|list| list.items))
}

fn told(place: &Place, found: Seen<Vec<Deployment>>) -> Vec<Finding> {
    match found {
        Seen::Found(all) => judge(place, &all),
        Seen::Absent => judge(place, &[]),
        Seen::Unknown(why) => vec![Finding::skipped("operator", why)],
    }
}

fn judge(place: &Place, all: &[Deployment]) -> Vec<Finding> {
    let named = all.iter().find(|one| place.name.is_some() && one.metadata.name == place.name);
    let all = named.map_or(all, std::slice::from_ref);
    if !all.is_empty() {
        return all.iter().map(|one| replicas(&place.namespace, one)).collect();
    }
    let message = format!("no Deployment of the operator in {}", place.namespace);
    let hint = "give the release's namespace with --gateway-namespace, or install the chart";
    let finding = if place.known { Finding::failed } else { Finding::skipped };
    vec![finding("operator", message).hint(hint, QUICKSTART)]
}

fn replicas(namespace: &str, operator: &Deployment) -> Finding {
    let name = operator.metadata.name.as_deref().unwrap_or_default();
    let wanted = operator.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let ready = operator.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0);
    let message = format!("{namespace}/{name}: {ready} of {wanted} replicas are ready");
    match (ready, wanted) {
        (_, 0) => Finding::failed("operator", format!("{namespace}/{name} is scaled to 0"))
            .hint(format!("`kubectl scale -n {namespace} deployment {name} --replicas=2`"), OPERATIONS),
        (0, _) => Finding::failed("operator", message)
            .hint(format!("`kubectl logs -n {namespace} deployment/{name}` says why"), OPERATIONS),
        _ if ready < wanted => {
            Finding::warning("operator", message).hint("a rollout? Look again in a minute", OPERATIONS)
        }
        _ => Finding::ok("operator", message),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;
    use crate::doctor::finding::Verdict;

    fn deployment(name: &str, wanted: i32, ready: i32) -> Deployment {
        from_value(json!({"metadata": {"name": name}, "status": {"readyReplicas": ready},
            "spec": {"replicas": wanted, "selector": {}, "template": {}}}))
        .unwrap()
    }

    fn claimed(claim: &str) -> McpToken {
        from_value(json!({
            "apiVersion": "mcp.aurora-oss.dev/v1alpha1", "kind": "McpToken", "spec": {"user": {"id": "1"}},
            "metadata": {"name": "laptop", "annotations": {"mcp.aurora-oss.dev/installation": claim}},
        }))
        .unwrap()
    }

    #[test]
    fn replicas_that_are_ready_are_what_counts() {
        for (wanted, ready, verdict, words) in [
            (2, 2, Verdict::Ok, ""),
            (2, 1, Verdict::Warning, "a rollout?"),
            (2, 0, Verdict::Failed, "kubectl logs -n aurora deployment/operator"),
            (0, 0, Verdict::Failed, "kubectl scale -n aurora deployment operator --replicas=2"),
        ] {
            let finding = replicas("aurora", &deployment("operator", wanted, ready));
            assert_eq!(finding.verdict, verdict, "{finding:?}");
            assert!(finding.hint.as_deref().unwrap_or_default().contains(words), "{finding:?}");
        }
    }

    #[test]
    fn operator_of_the_token_is_told_from_others_beside_it() {
        let both = [deployment("ours", 2, 2), deployment("other", 0, 0)];
        let place = Place::of(Some(&claimed("aurora/ours")), None, Some("gateway"), "team");
        let here = judge(&place, &both);
        assert_eq!((here.len(), here[0].verdict), (1, Verdict::Ok));
        let place = Place::of(Some(&claimed("renamed")), None, Some("aurora"), "team");
        assert_eq!(judge(&place, &both).len(), 2);
    }

    #[test]
    fn operator_that_is_not_found_or_not_shown_fails_only_where_it_must_be() {
        let (none, hidden) = (|| Seen::Found(vec![]), || Seen::Unknown("you may not see it".to_owned()));
        let known = Place::of(None, None, Some("aurora"), "team");
        let guessed = Place::of(None, None, None, "aurora");
        for (found, place, verdict) in [
            (none(), &known, Verdict::Failed),
            (none(), &guessed, Verdict::Skipped),
            (hidden(), &known, Verdict::Skipped),
        ] {
            assert_eq!(told(place, found)[0].verdict, verdict, "{place:?}");
        }
    }
}
