//! What there is without a token: the CRD, the tokens of the namespace, the gateway.

use aurora_mcp_crds::McpToken;
use k8s_openapi::api::core::v1::Service;
use kube::api::ListParams;

use crate::cli::Doctor;
use crate::cluster::Cluster;
use crate::doctor::finding::{Finding, OPERATIONS, QUICKSTART, TOKENS};
use crate::doctor::operator::{self, Place};
use crate::error::Error;
use crate::gateway::Gateway;
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
    let here = matches!(&services, Seen::Found(all) if !all.is_empty()).then_some(namespace.as_str());
    let place = Place::of(None, wanted.gateway_namespace.as_deref(), here, &cluster.namespace);
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
    let name = format!("{}/{}", gateway.namespace, gateway.service);
    match gateway.pods().await {
        Ok(pods) => {
            let ready = pods.iter().filter(|pod| pod.ready).count();
            let message = format!("{name}: {ready} of {} running pods are ready", pods.len());
            if pods.is_empty() {
                Finding::failed("service", format!("{name}: no pod runs behind it"))
                    .hint(gateway.how_to_start().await, OPERATIONS)
            } else if ready == 0 {
                Finding::failed("service", message).hint(gateway.how_to_look().await, OPERATIONS)
            } else if ready < pods.len() {
                Finding::warning("service", message).hint("a rollout? Look again in a minute", OPERATIONS)
            } else {
                Finding::ok("service", message)
            }
        }
        Err(error @ Error::Forbidden { .. }) => Finding::skipped("service", error.to_string()),
        Err(error) => Finding::failed("service", error.to_string()).hint("look at the Service", OPERATIONS),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::doctor::finding::Verdict;
    use crate::{api_server, forward};

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

    fn pod(ready: &str) -> Value {
        json!({"metadata": {"name": "gateway-1"},
            "spec": {"containers": [{"name": "gateway", "ports": [{"name": "mcp", "containerPort": 8811}]}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]}})
    }

    /// A gateway with these pods.
    async fn gateway(pods: &[Value]) -> Gateway {
        let cluster = api_server::cluster(&[
            ("GET /api/v1/namespaces/team/services/mcp", json!({"spec": {"selector": {"a": "b"}}})),
            ("GET /api/v1/namespaces/team/pods", json!({"items": pods})),
        ])
        .await;
        Gateway { cluster, namespace: "team".into(), service: "mcp".into() }
    }

    #[tokio::test]
    async fn gateway_without_pods_is_told_from_one_that_is_not_ready() {
        for (all, message, hint) in [
            (
                &[][..],
                "team/mcp: no pod runs behind it",
                "kubectl scale deployment -n team -l a=b --replicas=2",
            ),
            (
                &[pod("False")],
                "team/mcp: 0 of 1 running pods are ready",
                "kubectl describe pods -n team -l a=b",
            ),
        ] {
            let gateway = gateway(all).await;
            let finding = pods(&gateway).await;
            assert_eq!((finding.verdict, finding.message.as_str()), (Verdict::Failed, message));
            assert!(finding.hint.as_ref().is_some_and(|said| said.contains(hint)), "{finding:?}");
            let refused = forward::check(&gateway).await.unwrap_err().to_string();
            assert!(refused.contains(hint), "{refused}");
        }
        assert_eq!(pods(&gateway(&[pod("True")]).await).await.verdict, Verdict::Ok);
    }

    #[tokio::test]
    async fn operator_must_be_where_the_gateway_is() {
        let wanted = Doctor { name: None, ..Doctor::of("") };
        for (services, verdict) in [
            (json!([{"metadata": {"name": "mcp"}, "spec": {"selector": {"a": "b"}}}]), Verdict::Failed),
            (json!([]), Verdict::Skipped),
        ] {
            let cluster = api_server::cluster(&[
                ("GET /api/v1/namespaces/team/services", json!({"items": services})),
                ("GET /apis/apps/v1/namespaces/team/deployments", json!({"items": []})),
            ])
            .await;
            let found = examine(&cluster, &wanted).await;
            assert_eq!((found[0].hop, found[0].verdict), ("operator", verdict), "{found:#?}");
        }
    }
}
