//! Sees every token that ever stood in a Secret, and every time that one was written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use aurora_mcp_plan::{SERIAL, token_of};
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Secret;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client};
use tokio::task::JoinHandle;

/// What was seen, by the McpToken that the Secret belongs to.
type Seen = BTreeMap<String, Sight>;

#[derive(Default)]
struct Sight {
    tokens: BTreeSet<(i64, String)>,
    versions: BTreeSet<String>,
}

/// Watches the Secrets of a namespace until it is dropped.
pub struct Witness {
    seen: Arc<Mutex<Seen>>,
    watching: JoinHandle<()>,
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

impl Witness {
    /// Watches from now on; every version of a Secret is announced, so none is missed.
    pub fn of(client: &Client, namespace: &str) -> Self {
        let seen = Arc::new(Mutex::new(Seen::new()));
        let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
        let to = seen.clone();
        let watching = tokio::spawn(async move {
            let versions = watcher(secrets, watcher::Config::default()).default_backoff().applied_objects();
            versions
                .for_each(async |secret| {
                    if let Ok(secret) = secret {
                        note(&to, &secret);
                    }
                })
                .await;
        });
        Self { seen, watching }
    }

    /// Notes a Secret that was read otherwise.
    pub fn note(&self, secret: &Secret) {
        note(&self.seen, secret);
    }

    /// The tokens of an McpToken so far, by serial.
    pub fn tokens(&self, name: &str) -> BTreeSet<(i64, String)> {
        self.seen.lock().unwrap().get(name).map(|sight| sight.tokens.clone()).unwrap_or_default()
    }

    /// How many times a Secret of an McpToken was written so far.
    pub fn writes(&self, name: &str) -> usize {
        self.seen.lock().unwrap().get(name).map_or(0, |sight| sight.versions.len())
    }
}

fn note(seen: &Mutex<Seen>, secret: &Secret) {
    let owner = secret.metadata.owner_references.iter().flatten().find(|owner| owner.kind == "McpToken");
    let serial = secret.metadata.annotations.as_ref().and_then(|all| all.get(SERIAL)?.parse().ok());
    if let (Some(owner), Some(serial), Some(bearer)) = (owner, serial, token_of(secret, "token")) {
        let mut seen = seen.lock().unwrap();
        let sight = seen.entry(owner.name.clone()).or_default();
        sight.tokens.insert((serial, bearer.expose().to_owned()));
        sight.versions.extend(secret.metadata.resource_version.clone());
    }
}
