//! What there is without a token: the CRD, the tokens of the namespace, the gateway.

use aurora_mcp_crds::McpToken;
use k8s_openapi::api::core::v1::Service;
use kube::api::ListParams;

use crate::cli::Doctor;
use crate::cluster::Cluster;
use crate::doctor::finding::{Finding, OPERATIONS, QUICKSTART, TOKENS};
use crate::doctor::operator::{self, Place};
use crate::error::Error;
use crate::gateway::{Gateway, GatewayPods};
use crate::output::command;
use crate::seen::Seen;
use crate::token::ready;

/// How the chart marks the gateway's Service.
const GATEWAY: &str = "app.kubernetes.io/name=aurora-mcp,app.kubernetes.io/component=gateway";

/// McpTokens exist as a kind.
pub(super) async fn crd(cluster: &Cluster) -> Finding {
    match cluster.api::<McpToken>().list(&ListParams::default().limit(1)).await {
        Ok(_) => Finding::ok("crd", "McpTokens are known here"),
        Err(error) => match Error::api("list mcptokens", error) {
            Error::NoCrd => Finding::failed("crd", "the CRD mcptokens.mcp.aurora-oss.dev isn't installed")
                .hint("install the chart", QUICKSTART),
            // Who may read one token only can be helped, too.
            Error::Forbidden { message, .. } => Finding::skipped("crd", message),
            other => Finding::failed("crd", other.to_string()).hint("check the API server", OPERATIONS),
        },
    }
}

pub(super) async fn examine(cluster: &Cluster, wanted: &Doctor) -> Vec<Finding> {
    let namespace = wanted.gateway_namespace.clone().unwrap_or_else(|| cluster.namespace.clone());
    let services = cluster.api_in::<Service>(&namespace).list(&ListParams::default().labels(GATEWAY)).await;
    let services = Seen::of(services).map(|list| list.items);
    let place = place(&services, wanted.gateway_namespace.as_deref(), &cluster.namespace);
    let mut findings = operator::examine(cluster, &place).await;
    findings.push(tokens(cluster).await);
    match services {
        Seen::Found(services) if services.is_empty() => findings.push(
            Finding::failed("service", format!("no Service of the gateway in {namespace}")).hint(
                "give the gateway's namespace with --gateway-namespace, or install the chart",
                OPERATIONS,
            ),
        ),
        Seen::Found(services) => {
            for service in services {
                let gateway = Gateway {
                    cluster: cluster.clone(),
                    namespace: namespace.clone(),
                    service: service.metadata.name.unwrap_or_default(),
                };
                findings.push(pods(&gateway).await);
            }
        }
        Seen::Absent => {}
        Seen::Unknown(why) => findings.push(Finding::skipped("service", why)),
    }
    findings
}

async fn tokens(cluster: &Cluster) -> Finding {
    match Seen::of(cluster.api::<McpToken>().list(&ListParams::default()).await) {
        Seen::Found(all) => told(&all.items),
        Seen::Absent => Finding::skipped("tokens", "none to be seen"),
        Seen::Unknown(why) => Finding::skipped("tokens", why),
    }
}

fn told(all: &[McpToken]) -> Finding {
    let waiting: Vec<&McpToken> = all.iter().filter(|token| !ready::is_ready(token)).collect();
    let Some(first) = waiting.first() else {
        return Finding::ok("tokens", format!("{} McpTokens, all ready", all.len()));
    };
    let name = first.metadata.name.as_deref().unwrap_or_default();
    let namespace = first.metadata.namespace.as_deref().unwrap_or_default();
    let message = format!(
        "{} of {} McpTokens aren't ready; {name}: {}",
        waiting.len(),
        all.len(),
        ready::why_not(first)
    );
    Finding::warning("tokens", message).hint(format!("`{}`", command("doctor", namespace, name)), TOKENS)
}

/// Something stands behind the Service.
pub(super) async fn pods(gateway: &Gateway) -> Finding {
    match gateway.pods().await {
        Ok(pods) => judged(&pods),
        Err(error @ Error::Forbidden { .. }) => Finding::skipped("service", error.to_string()),
        Err(error) => Finding::failed("service", error.to_string()).hint("look at the Service", OPERATIONS),
    }
}

fn judged(pods: &GatewayPods) -> Finding {
    let (ready, all) = (pods.all.iter().filter(|pod| pod.ready).count(), pods.all.len());
    let message = match all {
        0 => format!("{}: no pod runs behind it", pods.service),
        _ => format!("{}: {ready} of {all} running pods are ready", pods.service),
    };
    match ready {
        0 => Finding::failed("service", message).hint(pods.hint(), OPERATIONS),
        _ if ready < all => {
            Finding::warning("service", message).hint("a rollout? Look again in a minute", OPERATIONS)
        }
        _ => Finding::ok("service", message),
    }
}

/// Where the operator should be: with the gateway, where there is one.
fn place(services: &Seen<Vec<Service>>, told: Option<&str>, own: &str) -> Place {
    let here = matches!(services, Seen::Found(all) if !all.is_empty()).then_some(told.unwrap_or(own));
    Place::of(None, told, here, own)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::doctor::finding::Verdict;
    use crate::gateway::GatewayPod;

    #[test]
    fn token_that_waits_is_named() {
        let token: McpToken = serde_json::from_value(json!({
            "apiVersion": "mcp.aurora-oss.dev/v1alpha1", "kind": "McpToken",
            "metadata": {"name": "laptop", "namespace": "team", "generation": 1}, "spec": {"user": {"id": "1"}},
        }))
        .unwrap();
        let finding = told(std::slice::from_ref(&token));
        assert_eq!(finding.verdict, Verdict::Warning);
        assert!(finding.message.starts_with("1 of 1 McpTokens aren't ready; laptop:"), "{finding:?}");
        assert_eq!(finding.hint.as_deref(), Some("`kubectl aurora-mcp doctor -n team laptop`"));
        assert_eq!(told(&[]).verdict, Verdict::Ok);
    }

    #[test]
    fn pods_that_are_ready_are_what_counts() {
        let pod = |ready| GatewayPod { name: "gateway-1".into(), port: 8811, ready, tls: false };
        for (all, verdict, message) in [
            (vec![], Verdict::Failed, "team/mcp: no pod runs behind it"),
            (vec![pod(false)], Verdict::Failed, "team/mcp: 0 of 1 running pods are ready"),
            (vec![pod(true), pod(false)], Verdict::Warning, "team/mcp: 1 of 2 running pods are ready"),
            (vec![pod(true)], Verdict::Ok, "team/mcp: 1 of 1 running pods are ready"),
        ] {
            let finding = judged(&GatewayPods::of("team", "mcp", "a=b", all));
            assert_eq!((finding.verdict, finding.message.as_str()), (verdict, message));
        }
    }

    #[test]
    fn operator_must_be_where_the_gateway_is() {
        let gateway = || Seen::Found(vec![Service::default()]);
        assert_eq!(place(&gateway(), None, "team"), Place::of(None, None, Some("team"), "team"));
        assert_eq!(place(&gateway(), Some("aurora"), "team"), Place::of(None, Some("aurora"), None, "team"));
        for services in [Seen::Found(vec![]), Seen::Absent, Seen::Unknown("you may not see it".into())] {
            assert_eq!(place(&services, None, "team"), Place::of(None, None, None, "team"), "a guess");
        }
    }
}
