//! The probe of the cluster: the workloads of the Aurora release, from a watch that is kept open.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use kube::runtime::reflector::{self, Store};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;

use super::config::ReleaseSettings;
use super::probe::Probe;
use super::reach;
use super::reason::Reason;
use super::verdict::Verdict;

/// Looks at what the watches brought. Asking costs nothing.
pub struct KubernetesProbe {
    deployments: Watched<Deployment>,
    stateful_sets: Watched<StatefulSet>,
    settings: ReleaseSettings,
    // The watches end with the probe.
    _watches: JoinSet<()>,
}

/// The objects of one kind and what keeps them from being current.
struct Watched<K: Resource<DynamicType = ()> + 'static> {
    store: Store<K>,
    trouble: Arc<Mutex<Trouble>>,
}

/// How a watch is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// The first list has not arrived.
    Pending,
    None,
    Failed(Reason),
}

/// A workload, reduced to what is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Workload {
    name: String,
    desired: i32,
    ready: i32,
}

impl KubernetesProbe {
    /// Starts watching.
    pub fn start(client: &Client, settings: ReleaseSettings) -> Self {
        let mut watches = JoinSet::new();
        Self {
            deployments: watch(client, &settings, &mut watches),
            stateful_sets: watch(client, &settings, &mut watches),
            settings,
            _watches: watches,
        }
    }
}

impl Probe for KubernetesProbe {
    async fn check(&mut self) -> Verdict {
        let troubles = [self.deployments.trouble(), self.stateful_sets.trouble()];
        let mut workloads: Vec<Workload> =
            self.deployments.store.state().iter().map(|d| of_deployment(d)).collect();
        workloads.extend(self.stateful_sets.store.state().iter().map(|s| of_stateful_set(s)));
        workloads.sort_by(|a, b| a.name.cmp(&b.name));
        classify(&troubles, &workloads, &self.settings)
    }
}

impl<K: Resource<DynamicType = ()>> Watched<K> {
    fn trouble(&self) -> Trouble {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn watch<K>(client: &Client, settings: &ReleaseSettings, watches: &mut JoinSet<()>) -> Watched<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + Sync
        + 'static,
{
    let (store, writer) = reflector::store();
    let trouble = Arc::new(Mutex::new(Trouble::Pending));
    let api: Api<K> = Api::namespaced(client.clone(), &settings.namespace);
    let selection =
        watcher::Config::default().labels(&format!("app.kubernetes.io/instance={}", settings.release));
    let events = watcher(api, selection).default_backoff().reflect(writer);
    let shared = Arc::clone(&trouble);
    watches.spawn(async move {
        let mut events = std::pin::pin!(events);
        while let Some(event) = events.next().await {
            let next = match event {
                // A list has begun or goes on: what is known is still the old state.
                Ok(watcher::Event::Init | watcher::Event::InitApply(_)) => continue,
                Ok(_) => Trouble::None,
                Err(error) => {
                    tracing::warn!(%error, kind = %K::kind(&()), "watch of the release's workloads");
                    Trouble::Failed(cause(&error))
                }
            };
            *shared.lock().unwrap_or_else(PoisonError::into_inner) = next;
        }
    });
    Watched { store, trouble }
}

fn cause(error: &watcher::Error) -> Reason {
    let code = match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchFailed(kube::Error::Api(status))
        | watcher::Error::WatchError(status) => status.code,
        _ => 0,
    };
    match code {
        401 => Reason::Auth,
        403 => Reason::Permission,
        _ => reach::cause(error),
    }
}

fn of_deployment(deployment: &Deployment) -> Workload {
    Workload {
        name: format!("deployment/{}", deployment.metadata.name.as_deref().unwrap_or_default()),
        desired: deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1),
        ready: deployment.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0),
    }
}

fn of_stateful_set(set: &StatefulSet) -> Workload {
    Workload {
        name: format!("statefulset/{}", set.metadata.name.as_deref().unwrap_or_default()),
        desired: set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1),
        ready: set.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0),
    }
}

/// Never worse than degraded: whether Aurora works without a workload is for the other components to say.
fn classify(troubles: &[Trouble], workloads: &[Workload], settings: &ReleaseSettings) -> Verdict {
    let ReleaseSettings { namespace, release } = settings;
    let failed = troubles.iter().find_map(|trouble| match trouble {
        Trouble::Failed(reason) => Some(*reason),
        _ => None,
    });
    let lacking: Vec<String> = workloads
        .iter()
        .filter(|workload| workload.ready < workload.desired)
        .map(|workload| {
            format!("{} has {} of {} pods ready", workload.name, workload.ready, workload.desired)
        })
        .collect();
    let off: Vec<&str> = workloads
        .iter()
        .filter(|workload| workload.desired == 0)
        .map(|workload| workload.name.as_str())
        .collect();
    let verdict = if let Some(reason) = failed {
        let text = format!("The workloads cannot be watched: the API server {}.", reason.phrase());
        Verdict::degraded(reason, text)
    } else if troubles.contains(&Trouble::Pending) {
        Verdict::pending()
    } else if workloads.is_empty() {
        let text = format!("No workload of release {release} in namespace {namespace}.");
        Verdict::degraded(Reason::NoWorkloads, text)
    } else if !lacking.is_empty() {
        Verdict::degraded(Reason::PodsNotReady, format!("{}.", lacking.join(", ")))
    } else if off.is_empty() {
        Verdict::healthy(format!("Every workload of {release} is ready ({}).", workloads.len()))
    } else {
        let ready = workloads.len() - off.len();
        Verdict::healthy(format!("Workloads that are ready: {ready}; scaled to 0: {}.", off.join(", ")))
    };
    let states = workloads.iter().map(|workload| {
        let state = serde_json::json!({ "ready": workload.ready, "desired": workload.desired });
        (workload.name.clone(), state)
    });
    let states: serde_json::Map<_, _> = states.collect();
    verdict.with("namespace", namespace.as_str()).with("release", release.as_str()).with("workloads", states)
}

#[cfg(test)]
mod tests {
    use super::super::verdict::Status;
    use super::*;

    fn workload(name: &str, ready: i32, desired: i32) -> Workload {
        Workload { name: name.to_owned(), desired, ready }
    }

    #[test]
    fn workloads_are_judged() {
        let settings = ReleaseSettings { namespace: "aurora-oss".into(), release: "aurora-oss".into() };
        let up = workload("deployment/server", 1, 1);
        let down = workload("deployment/celery", 0, 1);
        let off = workload("deployment/celery", 0, 0);
        let table: &[(&[Trouble], &[Workload], Status, Reason)] = &[
            (&[Trouble::None, Trouble::None], std::slice::from_ref(&up), Status::Healthy, Reason::Ok),
            (&[Trouble::None, Trouble::None], &[up.clone(), off], Status::Healthy, Reason::Ok),
            (&[Trouble::None, Trouble::None], &[up.clone(), down], Status::Degraded, Reason::PodsNotReady),
            (&[Trouble::None, Trouble::None], &[], Status::Degraded, Reason::NoWorkloads),
            (&[Trouble::None, Trouble::Pending], &[], Status::Pending, Reason::Pending),
            (
                &[Trouble::Failed(Reason::Permission), Trouble::None],
                std::slice::from_ref(&up),
                Status::Degraded,
                Reason::Permission,
            ),
        ];
        for (troubles, workloads, status, reason) in table {
            let verdict = classify(troubles, workloads, &settings);
            assert_eq!((verdict.status, verdict.reason), (*status, *reason), "{troubles:?} {workloads:?}");
        }
    }

    #[test]
    fn a_lacking_workload_is_named() {
        let settings = ReleaseSettings { namespace: "n".into(), release: "r".into() };
        let verdict = classify(&[Trouble::None], &[workload("deployment/celery", 1, 2)], &settings);
        assert_eq!(verdict.message, "deployment/celery has 1 of 2 pods ready.");
        assert_eq!(verdict.detail["workloads"]["deployment/celery"]["desired"], 2);
    }

    #[test]
    fn a_workload_that_is_scaled_to_zero_is_not_called_ready() {
        let settings = ReleaseSettings { namespace: "n".into(), release: "r".into() };
        let workloads = [workload("deployment/redis", 0, 0), workload("deployment/server", 1, 1)];
        let verdict = classify(&[Trouble::None], &workloads, &settings);
        assert_eq!(verdict.message, "Workloads that are ready: 1; scaled to 0: deployment/redis.");
        assert_eq!(verdict.status, Status::Healthy);
        let verdict = classify(&[Trouble::None], &workloads[1..], &settings);
        assert_eq!(verdict.message, "Every workload of r is ready (1).");
    }

    #[test]
    fn refusals_of_the_api_server_are_told_apart() {
        for (code, expected) in [(401, Reason::Auth), (403, Reason::Permission), (500, Reason::Unexpected)] {
            let status = kube::core::Status::failure("no", "reason").with_code(code).boxed();
            assert_eq!(cause(&watcher::Error::WatchError(status)), expected, "{code}");
        }
    }
}
