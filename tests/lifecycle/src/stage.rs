//! A namespace and a database for one operator.

use anyhow::Result;
use aurora_mcp_crds::McpToken;
use aurora_mcp_test_database::{TestDatabase, VARIABLES};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Namespace, Secret, Service};
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{ListParams, PostParams};
use kube::{Api, Client};
use serde_json::{from_value, json};

use crate::operator::OperatorSettings;
use crate::{Aurora, ControlPlane, Relay, Witness};

/// The gateway's Service; nobody but the operator makes it here.
const GATEWAY: &str = "gateway";
const LEASE: &str = "aurora-mcp-operator";

/// Where one operator works.
pub struct Stage {
    /// The namespace.
    pub namespace: String,
    /// Aurora's database.
    pub aurora: Aurora,
    /// Who saw the tokens.
    pub witness: Witness,
    /// How its operator is started.
    pub operator: OperatorSettings,
    client: Client,
}

impl Stage {
    /// A new namespace; `program` is the operator's.
    pub async fn new(
        plane: &ControlPlane,
        database: &TestDatabase,
        namespace: &str,
        program: &str,
    ) -> Result<Self> {
        let client = plane.client();
        let namespaces: Api<Namespace> = Api::all(client.clone());
        let object = from_value(json!({"metadata": {"name": namespace}}))?;
        namespaces.create(&PostParams::default(), &object).await?;
        let mut environment: Vec<(String, String)> = [
            ("KUBECONFIG", plane.kubeconfig().display().to_string()),
            ("OPERATOR_NAMESPACE", namespace.to_owned()),
            ("WATCH_NAMESPACES", namespace.to_owned()),
            ("GATEWAY_SERVICE", GATEWAY.to_owned()),
            ("GATEWAY_SELECTOR", "app=gateway".to_owned()),
            ("POD_NAME", "the-same-after-a-restart".to_owned()),
            ("LOG_FORMAT", "json".to_owned()),
            ("RUST_LOG", "info,aurora_mcp_operator=debug,kube_runtime=debug".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        for name in VARIABLES {
            environment.extend(database.lookup(name).map(|value| (name.to_owned(), value)));
        }
        let log = plane.directory().join(format!("operator-{namespace}.log"));
        Ok(Self {
            aurora: Aurora::connect(database).await?,
            witness: Witness::of(&client, namespace),
            operator: OperatorSettings { program: program.into(), environment, log },
            namespace: namespace.to_owned(),
            client,
        })
    }

    /// Adds to the operator's environment, or replaces what is there.
    pub fn set(&mut self, name: &str, value: &str) {
        self.operator.set(name, value);
    }

    /// Puts a relay between the operator and its database.
    pub async fn relay(&mut self, database: &TestDatabase) -> Result<Relay> {
        let of = |name: &str| database.lookup(name).unwrap_or_default();
        let relay = Relay::to(format!("{}:{}", of("POSTGRES_HOST"), of("POSTGRES_PORT"))).await?;
        self.set("POSTGRES_HOST", "127.0.0.1");
        self.set("POSTGRES_PORT", &relay.port().to_string());
        Ok(relay)
    }

    /// All Events about McpTokens so far.
    pub async fn events(&self) -> Result<Vec<Event>> {
        let events: Api<Event> = Api::namespaced(self.client.clone(), &self.namespace);
        Ok(events.list(&ListParams::default()).await?.items)
    }

    /// When the operators' Lease was renewed last.
    pub async fn renewed(&self) -> Result<Option<MicroTime>> {
        let leases: Api<Lease> = Api::namespaced(self.client.clone(), &self.namespace);
        Ok(leases.get(LEASE).await?.spec.and_then(|spec| spec.renew_time))
    }

    /// The McpTokens.
    pub fn tokens(&self) -> Api<McpToken> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// The Secrets.
    pub fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// The Services.
    pub fn services(&self) -> Api<Service> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// The gateway's Service, if it is there.
    pub async fn gateway_service(&self) -> Result<Option<Service>> {
        Ok(self.services().get_opt(GATEWAY).await?)
    }
}
