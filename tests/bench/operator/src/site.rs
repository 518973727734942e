//! A namespace full of McpTokens, the operator that keeps them, and Aurora's database.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use aurora_mcp_crds::McpToken;
use aurora_mcp_store::{Settings, Store};
use aurora_mcp_test_control_plane::process::free_port;
use aurora_mcp_test_control_plane::{ControlPlane, eventually};
use aurora_mcp_test_database::seed::ALPHA;
use aurora_mcp_test_database::{Login, TestDatabase, VARIABLES};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use k8s_openapi::api::core::v1::{Namespace, Secret, Service};
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, Client};
use serde_json::{from_value, json};

use crate::program::Program;

const GATEWAY: &str = "aurora-oss-mcp";
/// Users that the tokens are for, in turn.
const USERS: usize = 100;
/// McpTokens that are created at once, as many `kubectl apply` do.
const CREATED_AT_ONCE: usize = 8;
const PAGE: u32 = 500;
const LOOK: Duration = Duration::from_millis(50);

/// Where an operator works.
pub struct Site<'a> {
    /// The namespace's name.
    pub namespace: &'static str,
    /// Aurora's database.
    pub database: &'a TestDatabase,
    /// The database as a gateway sees it.
    pub gateway: Store,
    plane: &'a ControlPlane,
    client: Client,
}

/// The most that was seen at once.
#[derive(Debug, Clone, Copy, Default)]
pub struct Most {
    /// Passes that ran.
    pub running: f64,
    /// McpTokens that waited for one.
    pub waiting: f64,
}

impl<'a> Site<'a> {
    /// A namespace with a gateway's Service, and a database with users and the logins of least rights.
    pub async fn new(
        plane: &'a ControlPlane,
        database: &'a TestDatabase,
        namespace: &'static str,
    ) -> Result<Self> {
        let client = plane.client();
        let object = from_value(json!({"metadata": {"name": namespace}}))?;
        Api::<Namespace>::all(client.clone()).create(&PostParams::default(), &object).await?;
        let service = json!({"metadata": {"name": GATEWAY}, "spec": {"ports": [{"port": 8811}]}});
        let services: Api<Service> = Api::namespaced(client.clone(), namespace);
        services.create(&PostParams::default(), &from_value(service)?).await?;
        database.grant_roles().await;
        let users = format!(
            "INSERT INTO users (id, email, password_hash, name, org_id, role)
             SELECT 'user-' || n, 'user-' || n || '@example.com', '!', 'User ' || n, '{ALPHA}', 'editor'
             FROM generate_series(0, {}) AS n",
            USERS - 1
        );
        database.execute(&users).await;
        let settings = Settings::from_lookup(|name| database.lookup_as(Login::Gateway, name))?;
        let gateway = Store::connect_lazy(&settings, "bench", 4);
        Ok(Self { namespace, database, gateway, plane, client })
    }

    /// Starts the operator. `postgres`, if given, replaces host and port of the database.
    pub async fn start_operator(&self, postgres: Option<(&str, u16)>) -> Result<Program> {
        let port = free_port()?;
        let mut environment: Vec<(String, String)> = [
            ("KUBECONFIG", self.plane.kubeconfig().display().to_string()),
            ("OPERATOR_NAMESPACE", self.namespace.to_owned()),
            ("POD_NAME", format!("operator-{port}")),
            ("HTTP_PORT", port.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        for name in VARIABLES {
            let value = match (name, postgres) {
                ("POSTGRES_HOST", Some((host, _))) => Some(host.to_owned()),
                ("POSTGRES_PORT", Some((_, port))) => Some(port.to_string()),
                _ => self.database.lookup_as(Login::Operator, name),
            };
            environment.extend(value.map(|value| (name.to_owned(), value)));
        }
        let log = self.plane.directory().join(format!("operator-{}.log", self.namespace));
        let ready = format!("http://127.0.0.1:{port}/readyz");
        let operator = Program::start("aurora-mcp-operator", &environment, &log, port, &ready).await?;
        eventually("the operator to lead and to hear the database", 30, async || {
            let metrics = operator.metrics().await?;
            let (leads, hears) = ("aurora_mcp_operator_leader", "aurora_mcp_operator_change_notifications");
            ensure!(metrics.sum(leads) > 0.0 && metrics.sum(hears) > 0.0, "not yet");
            Ok(())
        })
        .await?;
        Ok(operator)
    }

    /// The McpTokens.
    pub fn tokens(&self) -> Api<McpToken> {
        Api::namespaced(self.client.clone(), self.namespace)
    }

    /// The Secrets.
    pub fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), self.namespace)
    }

    /// Creates one McpToken; `number` says whose it is.
    pub async fn create(&self, name: &str, number: usize) -> Result<()> {
        let token = json!({
            "apiVersion": "mcp.aurora-oss.dev/v1alpha1", "kind": "McpToken",
            "metadata": {"name": name},
            "spec": {
                "user": {"id": format!("user-{}", number % USERS)},
                "ttl": "2160h",
                "access": {"mode": "ReadOnly"},
            },
        });
        self.tokens().create(&PostParams::default(), &from_value(token)?).await?;
        Ok(())
    }

    /// Creates many.
    pub async fn create_all(&self, prefix: &str, count: usize) -> Result<()> {
        stream::iter(0..count)
            .map(|number| async move { self.create(&format!("{prefix}-{number}"), number).await })
            .buffer_unordered(CREATED_AT_ONCE)
            .try_for_each(async |()| Ok(()))
            .await
    }

    /// Waits until `count` McpTokens are Ready that `operator` found without a status. It is asked, not the API server: a hundred
    /// looks at ten thousand objects would be part of what is measured.
    pub async fn all_ready(&self, operator: &Program, count: usize, seconds: u64) -> Result<Most> {
        let (mut most, began) = (Most::default(), Instant::now());
        loop {
            let metrics = operator.metrics().await?;
            let sum = |name: &str| metrics.sum(&format!("aurora_mcp_operator_{name}"));
            most.running = most.running.max(sum("passes_in_flight"));
            most.waiting = most.waiting.max(sum("queue_depth"));
            #[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are small")]
            if sum("status_writes_total") >= count as f64 {
                break;
            }
            ensure!(began.elapsed().as_secs() < seconds, "not all are Ready within {seconds} s");
            tokio::time::sleep(LOOK).await;
        }
        Ok(most)
    }

    /// How many McpTokens are Ready.
    pub async fn count_ready(&self) -> Result<usize> {
        let (mut ready, mut page) = (0, ListParams::default().limit(PAGE));
        loop {
            let found = self.tokens().list(&page).await?;
            ready += found.items.iter().filter(|token| is_ready(token)).count();
            match found.metadata.continue_.filter(|next| !next.is_empty()) {
                Some(next) => page = page.continue_token(&next),
                None => return Ok(ready),
            }
        }
    }

    /// Waits until the operator has nothing to do.
    pub async fn settled(&self, operator: &Program) -> Result<()> {
        let mut quiet = 0;
        eventually("the operator to have nothing to do", 60, async || {
            let metrics = operator.metrics().await?;
            let sum = |name: &str| metrics.sum(&format!("aurora_mcp_operator_{name}"));
            let busy = sum("passes_in_flight") + sum("queue_depth") > 0.0;
            quiet = if busy { 0 } else { quiet + 1 };
            ensure!(quiet > 10, "it works");
            Ok(())
        })
        .await
    }

    /// Deletes all McpTokens, and waits until they are gone.
    pub async fn clear(&self) -> Result<()> {
        self.tokens().delete_collection(&DeleteParams::default(), &ListParams::default()).await?;
        eventually("the McpTokens to go", 60, async || {
            let left = self.tokens().list_metadata(&ListParams::default().limit(1)).await?;
            ensure!(left.items.is_empty(), "there are some");
            Ok(())
        })
        .await
    }

    /// The address of the database.
    pub fn postgres(&self) -> Result<String> {
        let part = |name| self.database.lookup(name).with_context(|| format!("no {name}"));
        Ok(format!("{}:{}", part("POSTGRES_HOST")?, part("POSTGRES_PORT")?))
    }
}

fn is_ready(token: &McpToken) -> bool {
    let ready = token.status.as_ref().and_then(|status| status.condition("Ready"));
    ready.is_some_and(|ready| ready.status == "True")
}
