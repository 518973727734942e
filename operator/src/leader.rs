//! One replica at work: a Lease decides which. It is no fence, so every write is idempotent all the same.

use kube::Client;
use kube_lease_manager::{LeaseManager, LeaseManagerBuilder, LeaseManagerError};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::Config;

const LEASE_SECONDS: u64 = 15;
const GRACE_SECONDS: u64 = 5;

/// A candidacy: `true` while this replica leads.
pub(crate) struct Candidacy {
    pub(crate) leads: watch::Receiver<bool>,
    task: JoinHandle<Result<LeaseManager, LeaseManagerError>>,
}

pub(crate) async fn stand(client: &Client, config: &Config) -> Result<Candidacy, LeaseManagerError> {
    let manager = LeaseManagerBuilder::new(client.clone(), &config.lease_name)
        .with_namespace(&config.namespace)
        .with_identity(&config.identity)
        .with_duration(LEASE_SECONDS)
        .with_grace(GRACE_SECONDS)
        .build()
        .await?;
    let (leads, task) = manager.watch().await;
    Ok(Candidacy { leads, task })
}

impl Candidacy {
    /// Gives the Lease back: another replica takes it at its next look, up to fifteen seconds later, and need not wait for its end.
    pub(crate) async fn withdraw(self) {
        drop(self.leads);
        match self.task.await {
            Ok(Ok(_)) => tracing::info!("gave the lease back"),
            Ok(Err(error)) => tracing::warn!(%error, "the lease was not given back"),
            Err(error) => tracing::warn!(%error, "the candidacy ended early"),
        }
    }
}
