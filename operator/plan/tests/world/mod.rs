//! A small world in memory: Kubernetes objects and Aurora's rows, to which plans are applied step by step.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    clippy::struct_excessive_bools,
    dead_code,
    reason = "shared by tests that use parts of it"
)]

use std::collections::BTreeMap;

use aurora_mcp_crds::{FINALIZER, INSTALLATION_ANNOTATION, McpToken, ROTATE_ANNOTATION};
use aurora_mcp_plan::{
    Config, Database, GatewayAddress, KnownRow, Observed, Owner, Plan, Row, RowState, Scheme, Step, Stray,
    Tenants, User, plan, token_of,
};
use aurora_mcp_token::{Bearer, OrgId, TokenId, UserId};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Secret, Service};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

pub const HOME: &str = "aurora-oss";

/// A row of `mcp_tokens` with its record.
#[derive(Debug, Clone)]
pub struct Kept {
    pub known: KnownRow,
    pub retained: bool,
}

#[derive(Clone)]
pub struct World {
    pub resource: McpToken,
    pub gone: bool,
    pub secrets: BTreeMap<String, Secret>,
    pub services: BTreeMap<(String, String), Service>,
    pub rows: Vec<Kept>,
    pub stray: Option<Stray>,
    pub user: Option<User>,
    pub away: bool,
    pub announced: bool,
    pub others: bool,
    /// The Helm release that brings the gateway's Service is being uninstalled.
    pub leaving: bool,
    pub now: Timestamp,
    pub config: Config,
    pub minted: u8,
    next_id: i32,
    version: u32,
}

pub fn alice() -> User {
    User {
        id: UserId::new("u-alice"),
        email: "alice@alpha.example".into(),
        org_id: Some(OrgId::new("alpha")),
    }
}

impl World {
    /// An McpToken that was just applied in the release's namespace.
    pub fn new(spec: Value) -> Self {
        let mut full = json!({"user": {"id": "u-alice"}});
        full.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        let resource = serde_json::from_value(json!({
            "apiVersion": "mcp.aurora-oss.dev/v1alpha1", "kind": "McpToken", "spec": full,
            "metadata": {"name": "laptop", "namespace": HOME, "uid": "uid-1", "generation": 1},
        }));
        let gateway = GatewayAddress {
            namespace: HOME.into(),
            service: "aurora-oss-mcp".into(),
            port: 8811,
            scheme: Scheme::Http,
            release: None,
            selector: BTreeMap::from([("app".into(), "gateway".into())]),
        };
        let mut world = Self {
            resource: resource.unwrap(),
            gone: false,
            secrets: BTreeMap::new(),
            services: BTreeMap::new(),
            rows: Vec::new(),
            stray: None,
            user: Some(alice()),
            away: false,
            announced: true,
            others: false,
            leaving: false,
            now: "2026-01-01T00:00:00Z".parse().unwrap(),
            config: Config {
                installation: "test".into(),
                gateway,
                public_url: None,
                max_ttl: None,
                tenants: Tenants { release_namespace: Some(HOME.into()), list: Vec::new() },
            },
            minted: 0,
            next_id: 1,
            version: 1,
        };
        world.foreign_service(HOME, "aurora-oss-mcp");
        world
    }

    /// The same, carried out.
    pub fn settled(spec: Value) -> Self {
        let mut world = Self::new(spec);
        world.settle();
        world
    }

    pub fn foreign_service(&mut self, namespace: &str, name: &str) {
        let service = json!({"metadata": {"name": name, "namespace": namespace}});
        self.services.insert((namespace.into(), name.into()), serde_json::from_value(service).unwrap());
    }

    pub fn namespace(&self) -> String {
        self.resource.metadata.namespace.clone().unwrap()
    }

    pub fn after(&mut self, time: &str) -> &mut Self {
        self.now += time.parse::<SignedDuration>().unwrap();
        self
    }

    pub fn edit(&mut self, spec: Value) -> &mut Self {
        let mut resource = serde_json::to_value(&self.resource).unwrap();
        resource["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        self.resource = serde_json::from_value(resource).unwrap();
        self.resource.metadata.generation =
            self.resource.metadata.generation.map(|generation| generation + 1);
        self
    }

    pub fn request_rotation(&mut self, request: &str) -> &mut Self {
        let annotations = self.resource.metadata.annotations.get_or_insert_default();
        annotations.insert(ROTATE_ANNOTATION.into(), request.into());
        self
    }

    pub fn delete(&mut self) -> &mut Self {
        self.resource.metadata.deletion_timestamp =
            Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(self.now));
        self
    }

    /// Another McpToken of the same name, as it is applied after this one is gone.
    pub fn remake(&mut self, uid: &str) -> &mut Self {
        let mut metadata = ObjectMeta { uid: Some(uid.into()), ..self.resource.metadata.clone() };
        (metadata.deletion_timestamp, metadata.finalizers, metadata.annotations) = (None, None, None);
        self.resource.metadata = metadata;
        self.resource.status = None;
        self.gone = false;
        self
    }

    pub fn secret_name(&self) -> String {
        self.resource
            .spec
            .secret
            .as_ref()
            .and_then(|secret| secret.name.clone())
            .unwrap_or_else(|| "laptop".into())
    }

    pub fn secret(&self) -> Option<&Secret> {
        self.secrets.get(&self.secret_name())
    }

    fn former(&self) -> Option<&Secret> {
        let name = self.resource.status.as_ref()?.secret_name.clone()?;
        self.secrets.get(&name).filter(|_| name != self.secret_name())
    }

    fn former_service(&self) -> Option<Service> {
        let name = self.resource.status.as_ref()?.service_name.clone()?;
        let wanted = self.resource.spec.service.as_ref().and_then(|service| service.name.as_ref());
        let given_up = Some(&name) != wanted && name != self.config.gateway.service;
        given_up.then(|| self.services.get(&(self.namespace(), name)).cloned())?
    }

    pub fn token(&self) -> Option<Bearer> {
        token_of(self.secret().or(self.former())?, "token")
    }

    pub fn put_token(&mut self, text: &str) -> &mut Self {
        let name = self.secret_name();
        let data = self.secrets.get_mut(&name).unwrap().data.as_mut().unwrap();
        data.insert("token".into(), k8s_openapi::ByteString(text.into()));
        self
    }

    /// Revokes the row of the Secret's token behind the operator's back.
    pub fn revoke_in_aurora(&mut self) -> &mut Self {
        let digest = self.token().unwrap().digest();
        for kept in self.rows.iter_mut().filter(|kept| kept.known.digest == digest) {
            kept.known.row.as_mut().unwrap().state = RowState::Revoked;
        }
        self
    }

    /// Moves it to another installation, or out of the hands of all.
    pub fn claim(&mut self, installation: &str) -> &mut Self {
        let annotations = self.resource.metadata.annotations.get_or_insert_default();
        annotations.insert(INSTALLATION_ANNOTATION.into(), installation.into());
        self
    }

    pub fn observe<T>(&self, then: impl FnOnce(&Observed<'_>) -> T) -> T {
        let token = self.token().or_else(|| self.adopted());
        let digest = token.map(|token| token.digest());
        let namespace = self.namespace();
        let own = |kept: &&Kept| {
            let owner = &kept.known.owner;
            // As the store reads them; all worlds are of one namespace and name.
            let is_own = Some(&owner.uid) == self.resource.metadata.uid.as_ref()
                || owner.installation == self.config.installation;
            is_own && !kept.retained || Some(kept.known.digest) == digest
        };
        let named = self.resource.spec.service.as_ref().and_then(|service| service.name.clone());
        let gateway = (self.config.gateway.namespace.clone(), self.config.gateway.service.clone());
        let database = if self.away {
            Database::Away { message: "connection refused".into() }
        } else {
            let rows = self.rows.iter().filter(own).map(|kept| kept.known.clone()).collect();
            Database::Answered { user: self.user.clone(), rows, stray: self.stray.clone() }
        };
        then(&Observed {
            resource: &self.resource,
            namespace_labels: BTreeMap::new(),
            secret: self.secret().cloned(),
            former_secret: self.former().cloned(),
            service: named.and_then(|name| self.services.get(&(namespace, name)).cloned()),
            former_service: self.former_service(),
            gateway_service: self.services.get(&gateway).cloned(),
            release_leaving: self.leaving,
            adopted: self.adopted(),
            database,
            announced: self.announced,
            gateway_service_shared: self.others,
            now: self.now,
            fresh: [self.minted.wrapping_add(1); 48],
        })
    }

    fn adopted(&self) -> Option<Bearer> {
        let from = &self.resource.spec.adopt_from.as_ref()?.secret_key_ref;
        token_of(self.secrets.get(&from.name)?, &from.key)
    }

    pub fn plan(&self) -> Plan {
        self.observe(|observed| plan(observed, &self.config))
    }

    /// The names of the steps that are due.
    pub fn due(&self) -> Vec<&'static str> {
        self.plan().steps.iter().map(Step::name).collect()
    }

    /// The reason of `Ready` that would be reported.
    pub fn ready(&self) -> String {
        condition(&self.plan(), "Ready").1
    }

    /// What `Ready` says.
    pub fn message(&self) -> String {
        self.plan().status.condition("Ready").unwrap().message.clone()
    }

    /// Plans and applies until nothing is left to do; returns the steps. Steady state must then have no steps.
    pub fn settle(&mut self) -> Vec<&'static str> {
        let mut done = Vec::new();
        for _ in 0..5 {
            let plan = self.plan();
            if plan.steps.is_empty() {
                self.resource.status = Some(plan.status);
                return done;
            }
            for step in &plan.steps {
                done.push(step.name());
                self.apply(step);
            }
            if self.gone {
                return done;
            }
        }
        panic!("does not settle: {done:?}");
    }

    /// Applies only the first steps of a plan, as an operator that is killed does.
    pub fn crash_after(&mut self, steps: usize) -> &mut Self {
        for step in self.plan().steps.iter().take(steps) {
            self.apply(step);
        }
        self
    }

    pub fn apply(&mut self, step: &Step) {
        match step {
            Step::AddFinalizer => {
                let metadata = &mut self.resource.metadata;
                let finalizers = metadata.finalizers.get_or_insert_default();
                if !finalizers.iter().any(|name| name == FINALIZER) {
                    finalizers.push(FINALIZER.into());
                }
                let annotations = metadata.annotations.get_or_insert_default();
                annotations.insert(INSTALLATION_ANNOTATION.into(), self.config.installation.clone());
            }
            Step::RemoveFinalizer => {
                self.gone = true;
                self.secrets.clear();
            }
            Step::WriteSecret(secret) => {
                let name = secret.metadata.name.clone().unwrap();
                let there = self.secrets.get(&name).and_then(|there| there.metadata.resource_version.clone());
                assert_eq!(there, secret.metadata.resource_version, "writes the version that was observed");
                let mut secret = (**secret).clone();
                self.version += 1;
                self.minted = self.minted.wrapping_add(1);
                secret.metadata.resource_version = Some(self.version.to_string());
                self.secrets.insert(name, secret);
            }
            Step::RemoveSecret(name) => drop(self.secrets.remove(name)),
            Step::WriteService(service) => {
                let key =
                    (service.metadata.namespace.clone().unwrap(), service.metadata.name.clone().unwrap());
                let mut service = (**service).clone();
                self.version += 1;
                service.metadata.resource_version = Some(self.version.to_string());
                self.services.insert(key, service);
            }
            Step::RemoveService { namespace, name } => {
                self.services.remove(&(namespace.clone(), name.clone()));
            }
            Step::RegisterRow(new) => self.register(new),
            Step::AmendRow(to) => {
                let kept = self.rows.iter_mut().find(|kept| kept.known.token_id == to.token_id).unwrap();
                let was_suspended = kept.known.suspended;
                kept.known.access = Some(to.access.clone());
                kept.known.suspended = to.suspended;
                let row = kept.known.row.as_mut().unwrap();
                row.name = Some(to.display_name.clone());
                row.expires_at = to.expires_at;
                row.state = match (row.state, to.suspended) {
                    (RowState::Active, true) => RowState::Expired,
                    (RowState::Expired, false) if was_suspended => RowState::Active,
                    (state, _) => state,
                };
            }
            Step::RevokeRow(id) => {
                let kept = self.rows.iter_mut().find(|kept| kept.known.token_id == *id).unwrap();
                kept.known.row.as_mut().unwrap().state = RowState::Revoked;
            }
            Step::DeleteRow(id) => self.rows.retain(|kept| kept.known.token_id != *id),
            Step::RetainRow(id) => {
                self.rows.iter_mut().find(|kept| kept.known.token_id == *id).unwrap().retained = true;
            }
        }
    }

    fn register(&mut self, new: &aurora_mcp_plan::NewRow) {
        let row = Row {
            user_id: new.user_id.clone(),
            org_id: Some(new.org_id.clone()),
            name: Some(new.display_name.clone()),
            state: if new.suspended { RowState::Expired } else { RowState::Active },
            expires_at: new.expires_at,
            last_used_at: None,
        };
        let metadata = &self.resource.metadata;
        let owner = Owner {
            installation: self.config.installation.clone(),
            uid: metadata.uid.clone().unwrap(),
            namespace: metadata.namespace.clone().unwrap(),
            name: metadata.name.clone().unwrap(),
        };
        if let Some(kept) = self.rows.iter_mut().find(|kept| kept.known.digest == new.digest) {
            // The row that is there stays as it is; only its keeper changes, as in the store.
            kept.known.owner = owner;
            kept.known.serial = new.serial;
            kept.known.access = Some(new.access.clone());
            kept.known.suspended |= new.suspended;
            kept.retained = false;
            if kept.known.row.is_none() {
                kept.known.row = Some(row);
            }
            return;
        }
        assert!(
            !self
                .rows
                .iter()
                .any(|kept| kept.known.owner.uid == owner.uid && kept.known.serial == new.serial),
            "serial {} is given once",
            new.serial
        );
        if new.adopt.is_some() {
            self.stray = None;
        }
        let known = KnownRow {
            token_id: new.adopt.unwrap_or(TokenId(self.next_id)),
            digest: new.digest,
            owner,
            serial: new.serial,
            access: Some(new.access.clone()),
            suspended: new.suspended,
            row: Some(row),
        };
        self.next_id += 1;
        self.rows.push(Kept { known, retained: false });
    }

    /// Serials of the rows whose token a gateway would accept now.
    pub fn accepted(&self) -> Vec<i64> {
        let accepted = |kept: &&Kept| {
            let user = self.user.as_ref();
            kept.known.row.as_ref().is_some_and(|row| {
                row.state == RowState::Active
                    && !kept.known.suspended
                    && row.expires_at.is_none_or(|at| at > self.now)
                    && user.is_some_and(|user| user.id == row.user_id && user.org_id == row.org_id)
            })
        };
        self.rows.iter().filter(accepted).map(|kept| kept.known.serial).collect()
    }
}

/// Status and reason of a condition.
pub fn condition(plan: &Plan, type_: &str) -> (String, String) {
    plan.status
        .condition(type_)
        .map(|condition| (condition.status.clone(), condition.reason.clone()))
        .unwrap_or_default()
}
