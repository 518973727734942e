//! Puts the parts together and takes them down again.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use aurora_mcp_crds::McpToken;
use aurora_mcp_store::Store;
use aurora_mcp_telemetry::metrics::registry;
use kube::api::ListParams;
use kube::runtime::events::{Recorder, Reporter};
use kube::{Api, Client};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, SetOnce, watch};
use tokio::task::JoinSet;

use crate::config::Config;
use crate::context::Context;
use crate::controller::Watched;
use crate::echoes::Echoes;
use crate::http::{Readiness, routes, serve};
use crate::leader::Candidacy;
use crate::metrics::Metrics;
use crate::owned::Owned;
use crate::queue::Queue;
use crate::requeue::Failures;
use crate::{announcements, census, client, polling, resync, schema, sweep};

const CONNECTIONS: u32 = 8;
const CRD_RETRY: Duration = Duration::from_secs(1);

/// Runs the operator until it is told to stop.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let (stop, stopped) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut registry = registry("aurora_mcp_operator");
    let metrics = Metrics::register(&mut registry);
    let readiness = Arc::new(Readiness::default());
    let listener = TcpListener::bind(("0.0.0.0", config.http_port)).await?;
    let probes = tokio::spawn(serve(listener, routes(&readiness, registry), stopped.clone()));
    let work = work(&config, metrics, &readiness, stopped);
    tokio::pin!(work);
    tokio::select! {
        ended = &mut work => ended?,
        _ = terminate.recv() => stop_work(&stop, work).await?,
        _ = interrupt.recv() => stop_work(&stop, work).await?,
    }
    let _ = stop.send(true);
    probes.await?;
    tracing::info!("stopped");
    Ok(())
}

async fn stop_work(
    stop: &watch::Sender<bool>,
    work: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    tracing::info!("stopping: passes that have begun are finished");
    stop.send(true)?;
    work.await
}

/// Stands for the Lease, and leads whenever it is won.
async fn work(
    config: &Config,
    metrics: Metrics,
    readiness: &Readiness,
    mut stopped: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let client = client::connect().await?;
    let store = Store::connect_lazy(&config.database, "aurora-mcp-operator", CONNECTIONS);
    tokio::select! {
        () = wait_for_crd(&client, config) => readiness.set_ready(),
        _ = stopped.wait_for(|stop| *stop) => return Ok(()),
    }
    let mut candidacy = Candidacy::stand(&client, config).await?;
    loop {
        tokio::select! {
            won = candidacy.won() => if won.is_err() {
                readiness.set_broken();
                return won;
            },
            _ = stopped.wait_for(|stop| *stop) => break,
        }
        tracing::info!(identity = config.identity, "this replica leads");
        metrics.leader.set(1);
        lead(&client, &store, config, metrics.clone(), candidacy.leads(), stopped.clone()).await;
        metrics.leader.set(0);
        metrics.notified.set(0);
        if *stopped.borrow() {
            break;
        }
        tracing::warn!("this replica leads no more");
    }
    candidacy.withdraw().await;
    store.close().await;
    Ok(())
}

async fn wait_for_crd(client: &Client, config: &Config) {
    let api: Api<McpToken> = match config.watch_namespaces.first() {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    };
    while let Err(error) = api.list_metadata(&ListParams::default().limit(1)).await {
        tracing::warn!(%error, "waiting for the API server to serve McpTokens");
        tokio::time::sleep(CRD_RETRY).await;
    }
}

/// Runs the controllers until the Lease is lost or the program is to stop.
async fn lead(
    client: &Client,
    store: &Store,
    config: &Config,
    metrics: Metrics,
    mut leads: watch::Receiver<bool>,
    mut stopped: watch::Receiver<bool>,
) {
    let (secrets, gone, echoes) =
        (Arc::new(Owned::default()), Arc::new(Notify::new()), Arc::new(Echoes::default()));
    let watched = Watched::all(client, config, &secrets, &gone, &echoes);
    let reporter =
        Reporter { controller: "aurora-mcp-operator".into(), instance: Some(config.identity.clone()) };
    let context = Arc::new(Context {
        client: client.clone(),
        store: store.clone(),
        config: config.plan.clone(),
        recorder: Recorder::new(client.clone(), reporter.clone()),
        reporter,
        queue: Queue::new(metrics.queue_depth.clone(), metrics.passes_in_flight.clone()),
        metrics,
        failures: Failures::default(),
        announced: AtomicBool::new(true),
        listening: AtomicBool::new(false),
        schema_ready: SetOnce::new(),
        schema_missed: Notify::new(),
        gone,
        tokens: watched.iter().map(Watched::tokens).collect(),
        gateway: watched.first().map(Watched::gateway),
        echoes,
        secrets,
        listings: watched.iter().map(Watched::listed).collect(),
        whole_cluster: config.watch_namespaces.is_empty(),
    });
    let (end, ended) = watch::channel(false);
    let mut controllers = JoinSet::new();
    for one in watched {
        controllers.spawn(one.run(context.clone(), ended.clone()));
    }
    let mut beside = JoinSet::new();
    beside.spawn(schema::keep(context.clone()));
    beside.spawn(announcements::listen(context.clone()));
    beside.spawn(polling::regularly(context.clone()));
    beside.spawn(resync::regularly(context.clone()));
    beside.spawn(census::regularly(context.clone()));
    beside.spawn(sweep::regularly(context, config.watch_namespaces.clone()));
    tokio::select! {
        _ = leads.wait_for(|leads| !*leads) => {}
        _ = stopped.wait_for(|stop| *stop) => {}
    }
    let _ = end.send(true);
    beside.shutdown().await;
    while controllers.join_next().await.is_some() {}
}
