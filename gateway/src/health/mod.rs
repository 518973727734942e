//! Health of Aurora and of all it depends on, from the gateway's own probes.
//!
//! One task asks each component on its own interval ([`runner`]); a probe turns what it finds into a [`Verdict`] by a
//! pure function; the last verdicts are the [`Report`], which costs nothing to read.

mod aurora;
mod broker;
mod celery;
mod chatbot;
mod component;
mod config;
mod hint;
mod http;
mod kubernetes;
mod metrics;
mod pidbox;
mod postgres;
mod probe;
mod reach;
mod reason;
mod redis;
mod report;
mod runner;
mod snapshot;
mod verdict;
mod weaviate;

use std::sync::Arc;
use std::time::Duration;

use aurora_mcp_store::{Program, Store};
use jiff::Timestamp;
use prometheus_client::registry::Registry;
use tokio::sync::watch;

pub use self::aurora::AuroraProbe;
pub use self::broker::{Broker, BrokerError};
pub use self::celery::CeleryProbe;
pub use self::component::Component;
pub use self::config::{
    ChatbotSettings, Configured, DEFAULT_BACKEND_URL, HealthConfig, RedisSettings, ReleaseSettings,
    WeaviateSettings,
};
pub use self::postgres::PostgresProbe;
pub use self::probe::Probe;
pub use self::reason::Reason;
pub use self::redis::RedisProbe;
pub use self::report::{ComponentReport, Report};
pub use self::verdict::{Status, Verdict};
pub use self::weaviate::WeaviateProbe;

use self::chatbot::ChatbotProbe;
use self::kubernetes::KubernetesProbe;
use self::metrics::HealthMetrics;
use self::runner::{Pace, Runner};
use self::snapshot::Snapshot;

const QUICK: Pace = Pace { interval: Duration::from_secs(5), limit: Duration::from_secs(8) };
/// A ping makes every worker write to Redis.
const CELERY: Pace = Pace { interval: Duration::from_secs(10), limit: Duration::from_secs(12) };
/// Reads what the watches already brought.
const KUBERNETES: Pace = Pace { interval: Duration::from_secs(1), limit: Duration::from_secs(1) };

/// What the probes use besides their settings.
#[derive(Clone)]
pub struct Dependencies {
    /// Postgres.
    pub store: Store,
    /// For HTTP probes; it should follow no redirects.
    pub http: reqwest::Client,
    /// None outside Kubernetes.
    pub kubernetes: Option<kube::Client>,
}

/// The health of everything. Cheap to clone; the checks end with the last clone.
#[derive(Debug, Clone)]
pub struct Health {
    snapshot: Snapshot,
    runner: Arc<Runner>,
}

impl Health {
    /// The last report.
    pub fn report(&self) -> Arc<Report> {
        self.snapshot.report()
    }

    /// One component of the last report, by its name.
    pub fn component(&self, name: &str) -> Option<Arc<ComponentReport>> {
        self.report().components.get(&Component::from_name(name)?).cloned()
    }

    /// Ends the checks, each when it is done; the last report stays.
    pub async fn end(&self) {
        self.runner.end().await;
    }

    /// Tells of every change of a status or reason.
    pub fn changes(&self) -> watch::Receiver<Arc<Report>> {
        self.snapshot.changes()
    }
}

/// Begins to check everything. Must be called inside a tokio runtime.
#[expect(clippy::disallowed_methods, reason = "the moment from which everything is pending")]
pub fn start(config: HealthConfig, dependencies: Dependencies, registry: &mut Registry) -> Health {
    let snapshot = Snapshot::new(Timestamp::now());
    let runner = Runner::new(snapshot.clone(), HealthMetrics::register(registry));
    let Dependencies { store, http, kubernetes } = dependencies;

    let program = if config.reads_email { Program::GatewayBehindProxy } else { Program::Gateway };
    begin(&runner, Component::Database, QUICK, config.postgres, |(host, port)| {
        Ok(PostgresProbe::new(store, host, port).for_program(program))
    });
    begin(&runner, Component::Redis, QUICK, config.redis.clone(), |settings| {
        Broker::new(&settings).map(RedisProbe::new).map_err(|error| error.to_string())
    });
    begin(&runner, Component::Celery, CELERY, config.redis, |settings| {
        Broker::new(&settings).map(CeleryProbe::new).map_err(|error| error.to_string())
    });
    begin(&runner, Component::Weaviate, QUICK, config.weaviate, |settings| {
        Ok(WeaviateProbe::new(http.clone(), settings))
    });
    begin(&runner, Component::AuroraApi, QUICK, config.aurora_api, |base| {
        Ok(AuroraProbe::new(http.clone(), base))
    });
    begin(&runner, Component::Chatbot, QUICK, config.chatbot, |settings| {
        Ok(ChatbotProbe::new(http.clone(), settings))
    });
    begin(&runner, Component::Kubernetes, KUBERNETES, config.kubernetes, |settings| match &kubernetes {
        Some(client) => Ok(KubernetesProbe::start(client, settings)),
        None => Err("AURORA_NAMESPACE is set, but there is no access to a Kubernetes API.".to_owned()),
    });
    Health { snapshot, runner: Arc::new(runner) }
}

/// Starts a probe, or settles why there is none.
fn begin<T, P: Probe>(
    runner: &Runner,
    component: Component,
    pace: Pace,
    configured: Configured<T>,
    probe: impl FnOnce(T) -> Result<P, String>,
) {
    let made = match configured {
        Configured::Yes(settings) => probe(settings),
        Configured::No => {
            return runner.settle(component, Verdict::not_configured("Not configured: nothing is checked."));
        }
        Configured::Wrong(text) => Err(text),
    };
    match made {
        Ok(probe) => runner.probe(component, pace, probe),
        Err(text) => runner.settle(component, runner::failing(component, Reason::Misconfigured, text)),
    }
}
