//! Turns changes in Kubernetes and in Aurora's database into passes.

use std::sync::Arc;

use aurora_mcp_crds::McpToken;
use aurora_mcp_plan::{MANAGED_BY, MANAGED_BY_VALUE};
use futures::{Stream, StreamExt as _};
use k8s_openapi::api::core::v1::{Secret, Service};
use kube::core::PartialObjectMeta;
use kube::runtime::controller::{Config as ControllerConfig, Controller};
use kube::runtime::reflector::ObjectRef;
use kube::runtime::{Predicate as _, PredicateConfig, WatchStreamExt as _, predicates, reflector, watcher};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use crate::config::Config;
use crate::context::Context;
use crate::reconcile::{on_error, reconcile};

/// Passes that run at once: enough to hide the latency of Postgres and the API server, few enough for both.
const CONCURRENCY: u16 = 16;

/// A controller for one watched namespace, or for all.
pub(crate) struct Watched {
    controller: Controller<McpToken>,
}

fn api<K>(client: &Client, namespace: Option<&str>) -> Api<K>
where
    K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
{
    match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    }
}

impl Watched {
    /// One controller for each watched namespace; one for the whole cluster if none is named.
    pub(crate) fn all(client: &Client, config: &Config) -> Vec<Self> {
        let namespaces: Vec<Option<&str>> = match config.watch_namespaces.as_slice() {
            [] => vec![None],
            names => names.iter().map(|name| Some(name.as_str())).collect(),
        };
        namespaces.into_iter().map(|namespace| Self::new(client, namespace, config)).collect()
    }

    fn new(client: &Client, namespace: Option<&str>, config: &Config) -> Self {
        let ours = watcher::Config::default().labels(&format!("{MANAGED_BY}={MANAGED_BY_VALUE}"));
        let (tokens, writer) = reflector::store();
        let changed = watcher(api::<McpToken>(client, namespace), watcher::Config::default())
            .default_backoff()
            .reflect(writer)
            .applied_objects()
            // A status that was just written is no reason for another pass.
            .predicate_filter(
                predicates::generation.combine(predicates::annotations).combine(predicates::finalizers),
                PredicateConfig::default(),
            );
        let controller = Controller::for_stream(changed, tokens.clone());
        let gateway = &config.plan.gateway;
        let gateways_name = watcher::Config::default().fields(&format!("metadata.name={}", gateway.service));
        let controller = controller
            .with_config(ControllerConfig::default().concurrency(CONCURRENCY))
            .owns(metadata::<Secret>(client, namespace), ours.clone())
            .owns(metadata::<Service>(client, namespace), ours)
            // Any one token brings the gateway's Service back.
            .watches(metadata::<Service>(client, Some(&gateway.namespace)), gateways_name, move |_| {
                tokens.state().first().map(|token| ObjectRef::from_obj(&**token))
            });
        Self { controller }
    }

    pub(crate) fn tokens(&self) -> reflector::Store<McpToken> {
        self.controller.store()
    }

    /// Runs until `stop` says so; passes that have begun are finished.
    pub(crate) async fn run(
        self,
        context: Arc<Context>,
        changed: impl Stream<Item = ObjectRef<McpToken>> + Send + 'static,
        mut stop: watch::Receiver<bool>,
    ) {
        let stopped = async move {
            // An error means that nobody is left who could say stop.
            let _ = stop.wait_for(|stop| *stop).await;
        };
        self.controller
            .reconcile_on(changed)
            .graceful_shutdown_on(stopped)
            .run(reconcile, on_error, context)
            .for_each(async |outcome| {
                if let Err(error) = outcome {
                    tracing::debug!(%error, "the controller passed something over");
                }
            })
            .await;
    }
}

/// Names, labels and owners are enough to know that something changed: the contents of Secrets are not kept in memory.
fn metadata<K>(client: &Client, namespace: Option<&str>) -> Api<PartialObjectMeta<K>>
where
    K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope> + DeserializeOwned,
{
    match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    }
}
