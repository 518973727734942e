//! What every pass needs.

use aurora_mcp_crds::McpToken;
use aurora_mcp_plan::Config;
use aurora_mcp_store::{Owner, Store};
use kube::runtime::events::Recorder;
use kube::runtime::reflector;
use kube::{Client, ResourceExt as _};

use crate::metrics::Metrics;
use crate::requeue::Failures;

/// Shared by all passes.
pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) store: Store,
    pub(crate) config: Config,
    pub(crate) recorder: Recorder,
    pub(crate) metrics: Metrics,
    pub(crate) failures: Failures,
    /// The McpTokens that are known, a store for each watched namespace.
    pub(crate) tokens: Vec<reflector::Store<McpToken>>,
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
