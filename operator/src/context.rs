//! What every pass needs.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use aurora_mcp_crds::McpToken;
use aurora_mcp_plan::Config;
use aurora_mcp_store::{Owner, Store};
use k8s_openapi::api::core::v1::Service;
use kube::runtime::events::{Recorder, Reporter};
use kube::runtime::reflector::{self, ObjectRef};
use kube::{Client, ResourceExt as _};
use tokio::sync::{Notify, SetOnce};

use crate::echoes::Echoes;
use crate::metrics::Metrics;
use crate::owned::Owned;
use crate::queue::Queue;
use crate::requeue::Failures;

/// Shared by all passes.
pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) store: Store,
    pub(crate) config: Config,
    pub(crate) reporter: Reporter,
    pub(crate) recorder: Recorder,
    pub(crate) metrics: Metrics,
    pub(crate) failures: Failures,
    pub(crate) queue: Queue,
    /// Whether the database has the triggers that announce changes. Until it was asked, it is believed to.
    pub(crate) announced: AtomicBool,
    /// Whether somebody hears what is announced.
    pub(crate) listening: AtomicBool,
    /// Set once the schema is in order.
    pub(crate) schema_ready: SetOnce<()>,
    /// Something in the schema was missed.
    pub(crate) schema_missed: Notify,
    /// An McpToken may have gone without its rows.
    pub(crate) gone: Arc<Notify>,
    /// The McpTokens that are known, a store for each watched namespace.
    pub(crate) tokens: Vec<reflector::Store<McpToken>>,
    /// The gateway's Service, as its watch knows it.
    pub(crate) gateway: Option<reflector::Store<Service>>,
    /// What was just written.
    pub(crate) echoes: Arc<Echoes>,
    /// The Secrets that were made for them.
    pub(crate) secrets: Arc<Owned>,
    /// Set once a store is complete.
    pub(crate) listings: Vec<Arc<SetOnce<()>>>,
    /// Whether namespaces can be read: their labels may decide who may mint for whom.
    pub(crate) whole_cluster: bool,
}

impl Context {
    pub(crate) fn owner(&self, resource: &McpToken) -> Owner {
        Owner {
            installation: self.config.installation.clone(),
            uid: resource.uid().unwrap_or_default(),
            namespace: resource.namespace().unwrap_or_default(),
            name: resource.name_any(),
        }
    }

    /// Waits until the McpTokens are known.
    pub(crate) async fn listed(&self) {
        for listing in &self.listings {
            listing.wait().await;
        }
    }

    /// The McpTokens that are known and wanted.
    pub(crate) fn known(&self, wanted: impl Fn(&McpToken) -> bool) -> Vec<ObjectRef<McpToken>> {
        let states = self.tokens.iter().flat_map(reflector::Store::state);
        states.filter(|token| wanted(token)).map(|token| ObjectRef::from_obj(&*token)).collect()
    }

    /// True if an McpToken other than this one is there to stay.
    pub(crate) fn has_others(&self, resource: &McpToken) -> bool {
        let uid = resource.uid();
        self.tokens.iter().any(|store| {
            store
                .state()
                .iter()
                .any(|other| other.uid() != uid && other.metadata.deletion_timestamp.is_none())
        })
    }
}
