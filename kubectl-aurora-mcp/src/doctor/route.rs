//! The route of a real call with the user's token: each replica of the gateway, Aurora behind it, a proxy before it.

use aurora_mcp_crds::McpToken;
use secrecy::SecretString;

use crate::cli::Doctor;
use crate::doctor::finding::Finding;
use crate::doctor::judge;
use crate::error::Error;
use crate::forward::{Forward, To};
use crate::gateway::{Gateway, GatewayPod};
use crate::mcp::Mcp;
use crate::token::chain::namespace_in;

/// A call that Aurora's API has to answer.
const CALL: &str = "list_incidents";

pub(super) async fn examine(
    gateway: &Gateway,
    bearer: &SecretString,
    token: &McpToken,
    wanted: &Doctor,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let pods = gateway.pods().await.map(|pods| pods.all).unwrap_or_default();
    for (at, pod) in pods.iter().filter(|pod| pod.ready).enumerate() {
        // Every replica checks tokens; one is enough for what is behind them.
        findings.extend(replica(gateway, pod, bearer, at == 0).await);
    }
    if let Some(url) = outside(token, wanted) {
        findings.push(proxy(&url, bearer).await);
    }
    findings
}

async fn replica(gateway: &Gateway, pod: &GatewayPod, bearer: &SecretString, deeper: bool) -> Vec<Finding> {
    let (_forward, mcp) = match open(gateway, pod, bearer).await {
        Ok(open) => open,
        Err(error) => return vec![Finding::skipped("gateway", error.to_string())],
    };
    let met = match mcp.introduce().await {
        Ok(met) => met,
        Err(error) => return vec![judge::refused("gateway", &error)],
    };
    let mut findings = vec![judge::offer(&pod.name, met.tools.len())];
    if deeper {
        match mcp.read("aurora://health").await {
            Ok(report) => findings.extend(judge::health(&report)),
            Err(error) => findings.push(judge::refused("aurora", &error)),
        }
        findings.push(call(&mcp, &met.tools).await);
    }
    findings
}

async fn open(gateway: &Gateway, pod: &GatewayPod, bearer: &SecretString) -> Result<(Forward, Mcp), Error> {
    let forward = Forward::open(To::Pod(gateway.clone(), pod.clone()), 0).await?;
    let mcp = Mcp::new(&forward.url(), bearer.clone())?;
    Ok((forward, mcp))
}

async fn call(mcp: &Mcp, tools: &[String]) -> Finding {
    if !tools.iter().any(|tool| tool == CALL) {
        return Finding::skipped("call", format!("this token may not call {CALL}"));
    }
    match mcp.call(CALL).await {
        Ok(()) => Finding::ok("call", format!("{CALL} answers")),
        Err(error) => judge::refused("call", &error),
    }
}

/// The address from outside the cluster, if there is one.
fn outside(token: &McpToken, wanted: &Doctor) -> Option<String> {
    let told = || {
        let status = token.status.as_ref()?;
        let endpoint = status.endpoint.clone()?;
        let inside = namespace_in(&endpoint, status.service_name.as_deref()?).is_some();
        (!inside).then_some(endpoint)
    };
    wanted.url.clone().or_else(told)
}

async fn proxy(url: &str, bearer: &SecretString) -> Finding {
    let met = match Mcp::new(url, bearer.clone()) {
        Ok(mcp) => mcp.introduce().await,
        Err(error) => return Finding::skipped("proxy", error.to_string()),
    };
    match met {
        Ok(met) => Finding::ok("proxy", format!("{url} leads to {}", met.server)),
        Err(error) => judge::refused("proxy", &error),
    }
}
