//! The probe of Weaviate: HTTP readiness, gRPC health, and the state of its nodes. Aurora's own check sees only the
//! first, and then every search comes back empty.

use std::time::Duration;

use reqwest::Client;
use serde_json::Value;
use tonic::Code;
use tonic::transport::{ClientTlsConfig, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use url::Url;

use super::config::WeaviateSettings;
use super::http::{self, Answer};
use super::probe::Probe;
use super::reach;
use super::reason::Reason;
use super::verdict::Verdict;

const GRPC_LIMIT: Duration = Duration::from_secs(3);

/// Asks Weaviate.
pub struct WeaviateProbe {
    client: Client,
    settings: WeaviateSettings,
}

/// What the three questions brought.
#[derive(Debug)]
struct Findings {
    ready: Result<Answer, Reason>,
    grpc: Result<(), Reason>,
    nodes: Result<Answer, Reason>,
}

impl WeaviateProbe {
    /// A probe of Weaviate.
    pub fn new(client: Client, settings: WeaviateSettings) -> Self {
        Self { client, settings }
    }

    async fn get(&self, path: &str) -> Result<Answer, Reason> {
        http::get(&self.client, self.url(self.settings.port, path)?).await
    }

    async fn grpc(&self) -> Result<(), Reason> {
        let url = self.url(self.settings.grpc_port, "")?;
        let mut endpoint = Endpoint::from_shared(url.to_string())
            .map_err(|_| Reason::Misconfigured)?
            .connect_timeout(GRPC_LIMIT)
            .timeout(GRPC_LIMIT);
        if self.settings.secure {
            let tls = ClientTlsConfig::new().with_native_roots();
            endpoint = endpoint.tls_config(tls).map_err(|_| Reason::Tls)?;
        }
        let channel = endpoint.connect().await.map_err(|error| reach::cause(&error))?;
        let answer = HealthClient::new(channel).check(HealthCheckRequest { service: String::new() }).await;
        serving(answer.map(|response| response.into_inner().status()))
    }

    fn url(&self, port: u16, path: &str) -> Result<Url, Reason> {
        let scheme = if self.settings.secure { "https" } else { "http" };
        Url::parse(&format!("{scheme}://{}:{port}{path}", self.settings.host))
            .map_err(|_| Reason::Misconfigured)
    }
}

impl Probe for WeaviateProbe {
    async fn check(&mut self) -> Verdict {
        let WeaviateSettings { host, port, grpc_port, .. } = &self.settings;
        let (ready, grpc, nodes) =
            tokio::join!(self.get("/v1/.well-known/ready"), self.grpc(), self.get("/v1/nodes"));
        let address = format!("{host}:{port}");
        classify(&Findings { ready, grpc, nodes }, &address, *grpc_port)
            .with("address", address)
            .with("grpc_port", *grpc_port)
    }
}

fn serving(answer: Result<ServingStatus, tonic::Status>) -> Result<(), Reason> {
    match answer {
        Ok(ServingStatus::Serving | ServingStatus::Unknown) => Ok(()),
        Ok(_) => Err(Reason::NotReady),
        Err(status) => match status.code() {
            // A server without the health service is a server all the same.
            Code::Unimplemented => Ok(()),
            Code::Unauthenticated | Code::PermissionDenied => Err(Reason::Auth),
            Code::DeadlineExceeded | Code::Cancelled => Err(Reason::Timeout),
            _ => Err(reach::cause(&status)),
        },
    }
}

fn classify(findings: &Findings, address: &str, grpc_port: u16) -> Verdict {
    let verdict = match &findings.ready {
        Err(reason) => return Verdict::unreachable("Weaviate", address, *reason),
        Ok(Answer { status: 200..=299, .. }) => match &findings.grpc {
            Ok(()) => judge_nodes(&findings.nodes),
            Err(Reason::Auth) => refused(),
            Err(reason) => {
                let text = format!(
                    "Weaviate is ready over HTTP, but its gRPC port {grpc_port} {}: searches come back empty.",
                    reason.phrase()
                );
                Verdict::unhealthy(Reason::GrpcDown, text).with("grpc", reason.phrase())
            }
        },
        Ok(Answer { status: 401 | 403, .. }) => refused(),
        Ok(Answer { status: 503, .. }) => {
            Verdict::unhealthy(Reason::NotReady, "Weaviate is starting or stopping.")
        }
        Ok(Answer { status, .. }) => {
            let text = format!("Weaviate's readiness answers {status}: something else may listen there.");
            Verdict::unhealthy(Reason::Unexpected, text)
        }
    };
    with_nodes(verdict, &findings.nodes)
}

fn judge_nodes(nodes: &Result<Answer, Reason>) -> Verdict {
    let answer = match nodes {
        Ok(Answer { status: 401 | 403, .. }) => return refused(),
        Ok(answer) => answer,
        Err(_) => return Verdict::healthy("Weaviate is ready; the state of its nodes is not known."),
    };
    let unhealthy: Vec<String> =
        list(answer).iter().filter(|node| node["status"] != "HEALTHY").map(describe).collect();
    let read_only: Vec<String> = list(answer)
        .iter()
        .filter(|node| node["operationalMode"] == "ReadOnly")
        .map(|node| name(node).to_owned())
        .collect();
    if !unhealthy.is_empty() {
        let all = unhealthy.len() == list(answer).len();
        let text = format!("Weaviate is ready, but not all nodes are healthy: {}.", unhealthy.join(", "));
        let judge = if all { Verdict::unhealthy } else { Verdict::degraded };
        return judge(Reason::NodeUnhealthy, text);
    }
    if !read_only.is_empty() {
        let text = format!("Weaviate accepts no writes on {}.", read_only.join(", "));
        return Verdict::degraded(Reason::ReadOnly, text);
    }
    Verdict::healthy("Weaviate is ready over HTTP and gRPC.")
}

fn refused() -> Verdict {
    Verdict::unhealthy(Reason::Auth, "Weaviate asks for credentials, and Aurora has none to give.")
}

fn with_nodes(verdict: Verdict, nodes: &Result<Answer, Reason>) -> Verdict {
    let Ok(answer) = nodes else { return verdict };
    let brief = |node: &Value| serde_json::json!({ "name": node["name"], "status": node["status"], "version": node["version"] });
    let nodes: Vec<Value> = list(answer).iter().map(brief).collect();
    if nodes.is_empty() { verdict } else { verdict.with("nodes", nodes) }
}

fn list(answer: &Answer) -> &[Value] {
    answer.json.as_ref().and_then(|json| json["nodes"].as_array()).map_or(&[], Vec::as_slice)
}

fn name(node: &Value) -> &str {
    node["name"].as_str().unwrap_or("a node without a name")
}

fn describe(node: &Value) -> String {
    format!("{} is {}", name(node), node["status"].as_str().unwrap_or("in no known state"))
}

#[cfg(test)]
mod tests {
    use super::super::verdict::Status;
    use super::*;
    use serde_json::json;

    fn status(status: u16) -> Answer {
        Answer { status, json: None }
    }

    fn nodes(states: &[(&str, &str)]) -> Answer {
        let node = |(at, (status, mode)): (usize, &(&str, &str))| json!({"name": format!("node{at}"), "status": status, "version": "1.35.2", "operationalMode": mode});
        let nodes: Vec<Value> = states.iter().enumerate().map(node).collect();
        Answer { status: 200, json: Some(json!({ "nodes": nodes })) }
    }

    #[test]
    fn findings_are_told_apart() {
        const UP: (&str, &str) = ("HEALTHY", "ReadWrite");
        const DOWN: (&str, &str) = ("UNHEALTHY", "ReadWrite");
        let table = [
            (Ok(status(200)), Ok(()), Ok(nodes(&[UP])), Status::Healthy, Reason::Ok),
            (Ok(status(200)), Ok(()), Err(Reason::Timeout), Status::Healthy, Reason::Ok),
            (
                Err(Reason::Refused),
                Err(Reason::Refused),
                Err(Reason::Refused),
                Status::Unhealthy,
                Reason::Refused,
            ),
            (Err(Reason::Dns), Err(Reason::Dns), Err(Reason::Dns), Status::Unhealthy, Reason::Dns),
            (Err(Reason::Tls), Err(Reason::Tls), Err(Reason::Tls), Status::Unhealthy, Reason::Tls),
            (Err(Reason::Timeout), Ok(()), Ok(nodes(&[UP])), Status::Unhealthy, Reason::Timeout),
            (Ok(status(503)), Ok(()), Err(Reason::Reset), Status::Unhealthy, Reason::NotReady),
            (Ok(status(404)), Ok(()), Ok(status(404)), Status::Unhealthy, Reason::Unexpected),
            (Ok(status(200)), Err(Reason::Refused), Ok(nodes(&[UP])), Status::Unhealthy, Reason::GrpcDown),
            (Ok(status(200)), Err(Reason::NotReady), Ok(nodes(&[UP])), Status::Unhealthy, Reason::GrpcDown),
            (Ok(status(200)), Ok(()), Ok(status(401)), Status::Unhealthy, Reason::Auth),
            (Ok(status(200)), Err(Reason::Auth), Ok(nodes(&[UP])), Status::Unhealthy, Reason::Auth),
            (Ok(status(200)), Ok(()), Ok(nodes(&[UP, DOWN])), Status::Degraded, Reason::NodeUnhealthy),
            (Ok(status(200)), Ok(()), Ok(nodes(&[DOWN])), Status::Unhealthy, Reason::NodeUnhealthy),
            (
                Ok(status(200)),
                Ok(()),
                Ok(nodes(&[UP, ("HEALTHY", "ReadOnly")])),
                Status::Degraded,
                Reason::ReadOnly,
            ),
        ];
        for (ready, grpc, nodes, expected, reason) in table {
            let findings = Findings { ready, grpc, nodes };
            let verdict = classify(&findings, "weaviate:8080", 50051);
            assert_eq!((verdict.status, verdict.reason), (expected, reason), "{findings:?}");
        }
    }

    #[test]
    fn a_grpc_server_without_the_health_service_counts_as_up() {
        assert_eq!(serving(Ok(ServingStatus::Serving)), Ok(()));
        assert_eq!(serving(Ok(ServingStatus::NotServing)), Err(Reason::NotReady));
        assert_eq!(serving(Err(tonic::Status::unimplemented(""))), Ok(()));
        assert_eq!(serving(Err(tonic::Status::unauthenticated(""))), Err(Reason::Auth));
        assert_eq!(serving(Err(tonic::Status::deadline_exceeded(""))), Err(Reason::Timeout));
        assert_eq!(serving(Err(tonic::Status::internal(""))), Err(Reason::Unexpected));
    }
}
