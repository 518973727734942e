//! Turns changes in Kubernetes and in Aurora's database into passes.

use std::sync::Arc;

use aurora_mcp_crds::{GROUP, McpToken};
use aurora_mcp_plan::{MANAGED_BY, MANAGED_BY_VALUE};
use futures::stream::{BoxStream, SelectAll, select_all};
use futures::{FutureExt as _, Stream, StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::{Secret, Service};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::PartialObjectMeta;
use kube::runtime::controller::{Config as ControllerConfig, Controller, Error as ControllerError};
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher::Event;
use kube::runtime::{Predicate as _, PredicateConfig, WatchStreamExt as _, predicates, reflector, watcher};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::{Notify, SetOnce, watch};
use tokio_stream::wrappers::BroadcastStream;

use crate::config::Config;
use crate::context::Context;
use crate::echoes::Echoes;
use crate::owned::Owned;
use crate::queue::CONCURRENCY;
use crate::reconcile::{on_error, reconcile};

/// The watches of one namespace, or of all.
pub(crate) struct Watched {
    tokens: reflector::Store<McpToken>,
    listed: Arc<SetOnce<()>>,
    changed: BoxStream<'static, watcher::Result<McpToken>>,
    /// Set once it is known which Secrets there are: before that, an McpToken might seem to have lost its own.
    secrets_listed: Arc<SetOnce<()>>,
    objects: SelectAll<BoxStream<'static, News>>,
    gateways: BoxStream<'static, News>,
    gateway: reflector::Store<Service>,
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
    pub(crate) fn all(
        client: &Client,
        config: &Config,
        owned: &Arc<Owned>,
        gone: &Arc<Notify>,
        echoes: &Arc<Echoes>,
    ) -> Vec<Self> {
        let namespaces: Vec<Option<&str>> = match config.watch_namespaces.as_slice() {
            [] => vec![None],
            names => names.iter().map(|name| Some(name.as_str())).collect(),
        };
        let watch = |namespace| Self::new(client, namespace, config, owned, gone, echoes);
        namespaces.into_iter().map(watch).collect()
    }

    fn new(
        client: &Client,
        namespace: Option<&str>,
        config: &Config,
        owned: &Arc<Owned>,
        gone: &Arc<Notify>,
        echoes: &Arc<Echoes>,
    ) -> Self {
        let ours = watcher::Config::default().labels(&format!("{MANAGED_BY}={MANAGED_BY_VALUE}"));
        let (tokens, writer) = reflector::store();
        let (listed, secrets_listed) = (Arc::new(SetOnce::new()), Arc::new(SetOnce::new()));
        let (listing, gone) = (listed.clone(), gone.clone());
        let changed = watcher(api::<McpToken>(client, namespace), watcher::Config::default())
            .default_backoff()
            .modify(forget_managers)
            .reflect(writer)
            .inspect_ok(move |event| {
                note_listing(event, &listing);
                if matches!(event, Event::Delete(_)) {
                    gone.notify_one();
                }
            })
            .filter_map(async |event| event.map(due).transpose())
            // A status that was just written is no reason for another pass.
            .predicate_filter(
                predicates::generation.combine(predicates::annotations).combine(predicates::finalizers),
                PredicateConfig::default(),
            );
        let ours_already = echoes.clone();
        let changed =
            changed.try_filter(move |token| std::future::ready(!ours_already.recognise(&token.metadata)));
        let gateway = &config.plan.gateway;
        let gateways_name = watcher::Config::default().fields(&format!("metadata.name={}", gateway.service));
        let (owned, echoes, listing) = (owned.clone(), echoes.clone(), secrets_listed.clone());
        let secrets = watcher(metadata::<Secret>(client, namespace), ours.clone()).default_backoff();
        let secrets = secrets.inspect_ok(move |event| {
            match event {
                Event::Apply(secret) | Event::InitApply(secret) => owned.note(&secret.metadata),
                Event::Delete(secret) => owned.forget(&secret.metadata),
                Event::Init | Event::InitDone => {}
            }
            note_listing(event, &listing);
        });
        let secrets = secrets.try_filter(move |event| {
            let echo = matches!(event, Event::Apply(secret) if echoes.recognise(&secret.metadata));
            std::future::ready(!echo)
        });
        let secrets = news(secrets);
        let services = news(watcher(metadata::<Service>(client, namespace), ours).default_backoff());
        let (known_gateway, writer) = reflector::store();
        let gateways = watcher(api::<Service>(client, Some(&gateway.namespace)), gateways_name);
        let gateways = news(gateways.default_backoff().modify(forget_managers).reflect(writer));
        Self {
            tokens,
            listed,
            changed: changed.boxed(),
            secrets_listed,
            objects: select_all([secrets.boxed(), services.boxed()]),
            gateways: gateways.boxed(),
            gateway: known_gateway,
        }
    }

    pub(crate) fn tokens(&self) -> reflector::Store<McpToken> {
        self.tokens.clone()
    }

    pub(crate) fn gateway(&self) -> reflector::Store<Service> {
        self.gateway.clone()
    }

    /// Set once the McpTokens are known. The store's own `wait_until_ready` wakes no more than one of those who wait.
    pub(crate) fn listed(&self) -> Arc<SetOnce<()>> {
        self.listed.clone()
    }

    /// Runs until `stop` says so; passes that have begun are finished.
    pub(crate) async fn run(self, context: Arc<Context>, mut stop: watch::Receiver<bool>) {
        let stopped = async move {
            // An error means that nobody is left who could say stop.
            let _ = stop.wait_for(|stop| *stop).await;
        };
        let noted = context.clone();
        let secrets_listed = self.secrets_listed;
        let changed = async move {
            secrets_listed.wait().await;
            self.changed
        };
        let changed = changed.flatten_stream();
        let changed = changed.inspect_ok(move |token| noted.queue.note(ObjectRef::from_obj(token)));
        let beside = follow(context.clone(), self.tokens.clone(), self.objects, self.gateways);
        let gone = context.clone();
        let passes = Controller::for_stream(changed, self.tokens)
            .with_config(ControllerConfig::default().concurrency(CONCURRENCY))
            .reconcile_on(orders(context.clone()))
            .graceful_shutdown_on(stopped)
            .run(reconcile, on_error, context)
            .for_each(async |outcome| match outcome {
                Err(ControllerError::ObjectNotFound(object)) => {
                    gone.queue
                        .forget(&ObjectRef::new(&object.name).within(&object.namespace.unwrap_or_default()));
                }
                Err(error) => tracing::debug!(%error, "the controller passed something over"),
                Ok(_) => {}
            });
        tokio::select! {
            () = passes => {}
            () = beside => {}
        }
    }
}

/// Who manages which field is half of an object in memory, and nothing here asks for it.
fn forget_managers<K: Resource>(object: &mut K) {
    object.meta_mut().managed_fields = None;
}

fn note_listing<K>(event: &Event<K>, listed: &SetOnce<()>) {
    if matches!(event, Event::InitDone) {
        // An error means that it was listed before.
        let _ = listed.set(());
    }
}

/// An McpToken to look at because of this event. In a first listing that is one which no pass has seen as it is now: the others
/// come with the first round of the resync, behind it.
fn due(event: Event<McpToken>) -> Option<McpToken> {
    match event {
        Event::Apply(token) => Some(token),
        Event::InitApply(token) => (!is_settled(&token)).then_some(token),
        Event::Delete(_) | Event::Init | Event::InitDone => None,
    }
}

fn is_settled(token: &McpToken) -> bool {
    let status = token.status.as_ref();
    token.metadata.deletion_timestamp.is_none()
        && token.metadata.generation.is_some()
        && status.and_then(|status| status.observed_generation) == token.metadata.generation
}

/// What happened to an object that was made for McpTokens.
enum News {
    /// It changed or is gone; these McpTokens own it.
    Of(Vec<ObjectRef<McpToken>>),
    /// There was a new listing: what changed before it is unknown.
    Relisted,
}

/// The first listing is no news.
fn news<K: Resource>(
    events: impl Stream<Item = watcher::Result<Event<K>>> + Send + 'static,
) -> impl Stream<Item = News> + Send {
    let mut listed = false;
    events.filter_map(move |event| {
        let news = match event {
            Ok(Event::Apply(object) | Event::Delete(object)) => Some(News::Of(owners(object.meta()))),
            Ok(Event::InitDone) => std::mem::replace(&mut listed, true).then_some(News::Relisted),
            Ok(Event::Init | Event::InitApply(_)) => None,
            Err(error) => {
                tracing::debug!(%error, "a watch was interrupted");
                None
            }
        };
        std::future::ready(news)
    })
}

fn owners(metadata: &ObjectMeta) -> Vec<ObjectRef<McpToken>> {
    let namespace = metadata.namespace.as_deref().unwrap_or_default();
    let owners = metadata
        .owner_references
        .iter()
        .flatten()
        .filter(|owner| owner.kind == "McpToken" && owner.api_version.split('/').next() == Some(GROUP));
    owners.map(|owner| ObjectRef::new(&owner.name).within(namespace)).collect()
}

/// Orders passes for the McpTokens whose Secret or Service changed. Any one brings the gateway's Service back.
async fn follow(
    context: Arc<Context>,
    tokens: reflector::Store<McpToken>,
    objects: SelectAll<BoxStream<'static, News>>,
    gateways: BoxStream<'static, News>,
) {
    let any = gateways.map(move |_| {
        News::Of(tokens.find(|_| true).map(|token| ObjectRef::from_obj(&*token)).into_iter().collect())
    });
    let mut all = futures::stream::select(objects, any);
    while let Some(news) = all.next().await {
        match news {
            News::Of(owners) => {
                for owner in owners {
                    context.queue.order(owner);
                }
            }
            News::Relisted => context.queue.look_at_all(),
        }
    }
    // All watches ended, which they never do; the passes go on.
    std::future::pending::<()>().await;
}

/// The orders of the queue. Those of other controllers' namespaces are passed over there.
fn orders(context: Arc<Context>) -> impl Stream<Item = ObjectRef<McpToken>> + Send + 'static {
    BroadcastStream::new(context.queue.orders()).filter_map(move |order| {
        if order.is_err() {
            context.queue.lost();
        }
        std::future::ready(order.ok())
    })
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
