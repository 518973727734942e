//! A client with one token, which asks for things of which it knows whose they are.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use aurora_mcp_e2e::Cluster;
use k8s_openapi::api::core::v1::Service as KubernetesService;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::answer::{self, Tally, Trouble};
use crate::phase::{Phases, permitted};

/// Between two requests of a worker, to stay below the limit of its token.
const PAUSE: Duration = Duration::from_millis(60);
/// Longer than any answer may take, `ask_incident` included.
const PATIENCE: Duration = Duration::from_secs(90);

/// The gateway's Service, as a client in the cluster reaches it.
pub struct Service {
    url: String,
}

impl Service {
    pub async fn find(cluster: &Cluster) -> Result<Self> {
        let service = cluster.typed::<KubernetesService>().get("aurora-oss-mcp").await?;
        let address = service.spec.and_then(|spec| spec.cluster_ip).context("the Service has no address")?;
        Ok(Self { url: format!("http://{address}:8811/mcp") })
    }

    fn client(&self, keeps_connections: bool) -> Result<Client> {
        let idle = if keeps_connections { usize::MAX } else { 0 };
        let http =
            reqwest::Client::builder().no_proxy().pool_max_idle_per_host(idle).timeout(PATIENCE).build()?;
        Ok(Client { http, url: self.url.clone() })
    }
}

#[derive(Clone)]
struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    async fn ask(
        &self,
        bearer: &str,
        id: u64,
        method: &str,
        params: &Value,
    ) -> Result<Result<Value, Trouble>> {
        let body = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let request = self.http.post(&self.url).bearer_auth(bearer);
        let request = request.header("accept", "application/json, text/event-stream").json(&body);
        answer::read(request.send().await, id).await
    }
}

/// A token and what belongs to it.
pub struct User {
    bearer: String,
    whoami: Value,
    incidents: BTreeSet<String>,
}

impl User {
    /// Asks who it is and what it sees, while nothing is disturbed yet.
    pub async fn new(service: &Service, bearer: String) -> Result<Self> {
        let client = service.client(true)?;
        let ask = async |method: &str, params: Value| -> Result<Value> {
            match client.ask(&bearer, 1, method, &params).await? {
                Ok(result) => Ok(result),
                Err(trouble) => bail!("{method}: {trouble}"),
            }
        };
        let whoami = identity(&ask("resources/read", json!({"uri": "aurora://whoami"})).await?)?;
        let incidents =
            ids(&ask("tools/call", json!({"name": "list_incidents", "arguments": {"limit": 100}})).await?);
        ensure!(!incidents.is_empty(), "{whoami} sees no incidents");
        Ok(Self { bearer, whoami, incidents })
    }

    pub fn shares_nothing_with(&self, other: &Self) -> bool {
        self.incidents.is_disjoint(&other.incidents)
    }
}

fn identity(result: &Value) -> Result<Value> {
    let text = result["contents"][0]["text"].as_str().context("no text")?;
    let who: Value = serde_json::from_str(text)?;
    Ok(json!([who["user_id"], who["org_id"], who["token_id"]]))
}

fn ids(result: &Value) -> BTreeSet<String> {
    let all = result["structuredContent"]["incidents"].as_array().into_iter().flatten();
    all.filter_map(|incident| incident["id"].as_str().map(str::to_owned)).collect()
}

/// One client at work.
pub struct Worker<'a> {
    user: &'a User,
    client: Client,
    /// When the last request that was answered began.
    served: Mutex<Option<Instant>>,
}

impl<'a> Worker<'a> {
    pub fn new(service: &Service, user: &'a User, keeps_connections: bool) -> Result<Self> {
        Ok(Self { user, client: service.client(keeps_connections)?, served: Mutex::default() })
    }

    /// True if a request that began after `since` was answered.
    pub fn served_since(&self, since: Instant) -> bool {
        self.served.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|began| began >= since)
    }

    /// Asks until it is told to stop. The ids of its requests are those of every other worker.
    pub async fn work(&self, phases: &Phases, stop: CancellationToken) -> Result<Tally> {
        let mut tally = Tally::default();
        for id in 1.. {
            if stop.is_cancelled() {
                break;
            }
            let (began, phase) = (Instant::now(), phases.now());
            let asked = self.ask(id).await.with_context(|| format!("request {id} of {}", self.user.whoami));
            // Nothing else is to be seen of a failure than this one.
            match asked.inspect_err(|_| stop.cancel())? {
                None => {
                    tally.good += 1;
                    *self.served.lock().unwrap_or_else(PoisonError::into_inner) = Some(began);
                }
                Some(trouble) if permitted(&trouble, phase, phases.now()) => tally.note(&trouble),
                Some(trouble) => {
                    stop.cancel();
                    bail!("{trouble}, between {phase:?} and {:?}", phases.now());
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(tally)
    }

    /// One request of several kinds; none if it was answered rightly.
    async fn ask(&self, id: u64) -> Result<Option<Trouble>> {
        let own = self.user.incidents.iter().nth(usize::try_from(id)? % self.user.incidents.len());
        let own = own.map(String::as_str).unwrap_or_default();
        let (method, params) = match id % 8 {
            0 | 4 => ("resources/read", json!({"uri": "aurora://whoami"})),
            1 | 5 => call("list_incidents", &json!({"limit": 100})),
            2 => call("aurora_api", &json!({"path": format!("/api/incidents/{own}")})),
            3 => call("incident_list_alerts", &json!({"incident_id": own})),
            6 => ("tools/list", json!({})),
            _ => call("ask_incident", &json!({"incident_id": own, "question": self.question(id)})),
        };
        let result = match self.client.ask(&self.user.bearer, id, method, &params).await? {
            Ok(result) => result,
            Err(trouble) => return Ok(Some(trouble)),
        };
        let content = &result["structuredContent"];
        match id % 8 {
            0 | 4 => ensure!(identity(&result)? == self.user.whoami, "somebody else's identity: {result}"),
            1 | 5 => ensure!(ids(&result) == self.user.incidents, "somebody else's incidents: {result}"),
            2 => ensure!(content["data"]["incident"]["id"] == own, "another incident: {result}"),
            3 => ensure!(content["alerts"].is_array(), "no alerts: {result}"),
            6 => ensure!(
                result["tools"].as_array().is_some_and(|tools| tools.len() > 10),
                "no tools: {result}"
            ),
            _ => {
                let answer = content["answer"].as_str().unwrap_or_default();
                ensure!(answer.contains(&self.question(id)), "the answer to another question: {result}");
            }
        }
        Ok(None)
    }

    /// What nobody else asks.
    fn question(&self, id: u64) -> String {
        format!("why, asks {} for the {id}th time on {:p}?", self.user.whoami, self)
    }
}

fn call(tool: &str, arguments: &Value) -> (&'static str, Value) {
    ("tools/call", json!({"name": tool, "arguments": arguments}))
}
