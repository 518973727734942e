//! The running gateway: parts put together, served, and taken down in order.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use aurora_mcp_store::Store;
use aurora_mcp_telemetry::metrics;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::aurora::{Aurora, ClientError};
use crate::auth::{Authenticator, Vouching};
use crate::config::Config;
use crate::edge::{Edge, Front, Limits, Readiness};
use crate::health::{self, Configured, Dependencies, Health, HealthConfig};
use crate::mcp::{AuroraMcp, Endpoint};
use crate::metrics::Metrics;
use crate::serve::serve;
use crate::tls::{Tls, TlsError};

/// Connections to Postgres; the cache keeps almost all requests away from them.
const POOL: u32 = 8;
const TIDY: Duration = Duration::from_secs(5);
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// The gateway can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port can't be had.
    #[error("cannot listen on {address}")]
    Listen {
        /// Which one.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The certificate can't be served.
    #[error("cannot serve TLS")]
    Tls(#[from] TlsError),
    /// The Aurora client can't be made.
    #[error("cannot make the client of the Aurora API")]
    Client(#[from] ClientError),
    /// The HTTP client of the probes can't be made.
    #[error("cannot make the HTTP client of the health probes")]
    Probes(#[source] reqwest::Error),
}

/// A gateway that serves. Dropping it does not stop it; see [`Gateway::shut_down`].
pub struct Gateway {
    address: SocketAddr,
    metrics_address: SocketAddr,
    limits: Limits,
    readiness: Readiness,
    authenticator: Arc<Authenticator>,
    store: Store,
    health: Health,
    stop: CancellationToken,
    background: CancellationToken,
    server: JoinHandle<()>,
}

impl Gateway {
    /// Starts serving. Nothing that is away (Postgres, Aurora, Kubernetes) delays it.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        // A provider that is there already is fine: tests start several gateways.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = listen(config.listen).await?;
        let metrics_listener = listen(config.metrics).await?;
        let address = local(&listener, config.listen)?;
        let metrics_address = local(&metrics_listener, config.metrics)?;

        let mut registry = metrics::registry("aurora_mcp");
        let counts = Metrics::new(&mut registry);
        let tls = match config.tls {
            Some(settings) => Some(Arc::new(Tls::load(settings, &mut registry).await?)),
            None => None,
        };
        let store = Store::connect_lazy(&config.store, "aurora-mcp-gateway", POOL);
        let dependencies = Dependencies {
            store: store.clone(),
            http: probe_client()?,
            kubernetes: kubernetes(&config.health).await,
        };
        let health = health::start(config.health, dependencies, &mut registry);
        let aurora = Aurora::new(&config.aurora, counts.clone())?;
        let vouching = Vouching::by(config.proxy_email);
        let authenticator =
            Arc::new(Authenticator::new(store.clone(), vouching, config.shares, counts.clone()));
        let readiness = Readiness::default();
        let (stop, background) = (CancellationToken::new(), CancellationToken::new());
        let server = AuroraMcp::new(aurora, store.clone(), health.clone(), config.tools);
        let front = Front::from(Edge {
            guard: config.guard,
            proxies: config.proxies,
            limits: config.limits,
            authenticator: authenticator.clone(),
            endpoint: Arc::new(Endpoint::new(
                server,
                counts.clone(),
                config.limits,
                config.audit_arguments,
                stop.clone(),
            )),
            readiness: readiness.clone(),
            metrics: counts,
        });

        if let Some(tls) = tls.clone() {
            tokio::spawn(background.clone().run_until_cancelled_owned(async move { tls.follow().await }));
        }
        let server =
            tokio::spawn(serve(listener, tls, front, config.limits, readiness.clone(), stop.clone()));
        let metrics = metrics::router(Arc::new(registry));
        tokio::spawn(serve(
            metrics_listener,
            None,
            metrics,
            config.limits,
            readiness.clone(),
            background.clone(),
        ));
        tokio::spawn(background.clone().run_until_cancelled_owned(follow_changes(authenticator.clone())));
        tokio::spawn(background.clone().run_until_cancelled_owned(tidy(authenticator.clone())));
        tracing::info!(%address, %metrics_address, "the gateway is ready");
        Ok(Self {
            address,
            metrics_address,
            limits: config.limits,
            readiness,
            authenticator,
            store,
            health,
            stop,
            background,
            server,
        })
    }

    /// Where MCP is served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where metrics are served.
    pub fn metrics_address(&self) -> SocketAddr {
        self.metrics_address
    }

    /// Says that it goes: it isn't ready any more, and each answer ends its connection. Requests are still taken.
    pub fn say_farewell(&self) {
        self.readiness.drain();
    }

    /// Takes no new connections; requests in flight go on.
    pub fn stop_accepting(&self) {
        self.say_farewell();
        self.stop.cancel();
    }

    /// Takes no new connections, lets requests in flight end, writes what is buffered.
    pub async fn shut_down(self) {
        self.say_farewell();
        tokio::time::sleep(self.limits.linger).await;
        self.stop_accepting();
        let (drained, ()) =
            tokio::join!(tokio::time::timeout(self.limits.drain, self.server), self.health.end());
        if drained.is_err() {
            tracing::warn!("requests were still in flight at the end of the drain time");
        }
        self.authenticator.shut_down(now()).await;
        self.background.cancel();
        self.store.close().await;
        tracing::info!("the gateway has stopped");
    }
}

/// Listens; an unspecified IPv6 address takes IPv4 as well, and where there is no IPv6, IPv4 alone.
async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    let bound = match TcpListener::bind(address).await {
        Err(error) if address.ip() == Ipv6Addr::UNSPECIFIED && error.kind() != ErrorKind::AddrInUse => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await
        }
        bound => bound,
    };
    bound.map_err(|source| StartError::Listen { address, source })
}

fn local(listener: &TcpListener, address: SocketAddr) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(|source| StartError::Listen { address, source })
}

fn probe_client() -> Result<reqwest::Client, StartError> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(PROBE_TIMEOUT)
        .build()
        .map_err(StartError::Probes)
}

/// Only where the release's workloads are to be watched; without access their health says so.
async fn kubernetes(config: &HealthConfig) -> Option<kube::Client> {
    if config.kubernetes == Configured::No {
        return None;
    }
    kube::Client::try_default()
        .await
        .inspect_err(|error| tracing::warn!(%error, "no access to the Kubernetes API"))
        .ok()
}

async fn follow_changes(authenticator: Arc<Authenticator>) {
    authenticator.follow_changes().await;
}

async fn tidy(authenticator: Arc<Authenticator>) {
    let mut ticks = tokio::time::interval(TIDY);
    loop {
        ticks.tick().await;
        authenticator.tidy(now()).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "the tidying task and the shutdown begin here")]
fn now() -> Timestamp {
    Timestamp::now()
}
