//! One replica at work: a Lease decides which. It is no fence, so every write is idempotent all the same.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use anyhow::Context as _;
use futures::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::watch_object;
use kube::{Api, Client};
use kube_lease_manager::{LeaseManager, LeaseManagerBuilder, LeaseManagerError};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::chance;
use crate::config::Config;

const LEASE_SECONDS: u64 = 15;
const GRACE_SECONDS: u64 = 5;
/// For the managers, so long as nobody has given the Lease back.
const RETRY: Duration = Duration::from_secs(1);

/// A candidacy for the Lease.
pub(crate) struct Candidacy<'a> {
    client: &'a Client,
    config: &'a Config,
    leads: watch::Receiver<bool>,
    task: JoinHandle<Result<LeaseManager, LeaseManagerError>>,
}

impl<'a> Candidacy<'a> {
    pub(crate) async fn stand(client: &'a Client, config: &'a Config) -> Result<Self, LeaseManagerError> {
        let manager = LeaseManagerBuilder::new(client.clone(), &config.lease_name)
            .with_namespace(&config.namespace)
            .with_identity(&config.identity)
            .with_duration(LEASE_SECONDS)
            .with_grace(GRACE_SECONDS)
            .build()
            .await?;
        let (leads, task) = manager.watch().await;
        Ok(Self { client, config, leads, task })
    }

    /// `true` while this replica leads.
    pub(crate) fn leads(&self) -> watch::Receiver<bool> {
        self.leads.clone()
    }

    /// Waits until this replica leads. Of a Lease that another one holds, the manager waits for the end; if it is given back
    /// before, a new candidacy takes it at once.
    pub(crate) async fn won(&mut self) -> anyhow::Result<()> {
        let mut leads = self.leads();
        loop {
            tokio::select! {
                won = leads.wait_for(|leads| *leads) => return won.map(drop).context("the leader election ended"),
                () = self.free() => {}
            }
            match Self::stand(self.client, self.config).await {
                Ok(again) => {
                    leads = again.leads();
                    // What it may have taken just now is the new one's: both go by the same name.
                    std::mem::replace(self, again).task.abort();
                }
                Err(error) => tracing::warn!(%error, "the Lease is free, but can't be taken"),
            }
        }
    }

    /// Waits until nobody holds the Lease. One that has ended the manager takes within a second, and keeps candidates apart.
    async fn free(&self) {
        let leases: Api<Lease> = Api::namespaced(self.client.clone(), &self.config.namespace);
        let seen = watch_object(leases, &self.config.lease_name).default_backoff();
        let (mut seen, mut end) = (pin!(seen), None);
        while let Some(lease) = seen.next().await {
            match lease {
                Ok(Some(Lease { spec: Some(spec), .. })) if spec.holder_identity.is_some() => {
                    end = end_of(&spec);
                }
                Ok(Some(_)) => {
                    if end.is_none_or(|end| end <= chance::now()) {
                        sleep(RETRY).await;
                    }
                    return;
                }
                // Whoever has led goes on until it renews, so nobody else should begin.
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, "the Lease can't be watched: a hand-over takes up to 15 s");
                }
            }
        }
        pending::<()>().await;
    }

    /// Gives the Lease back.
    pub(crate) async fn withdraw(self) {
        drop(self.leads);
        match self.task.await {
            Ok(Ok(_)) => tracing::info!("gave the lease back"),
            Ok(Err(error)) => tracing::warn!(%error, "the lease was not given back"),
            Err(error) => tracing::warn!(%error, "the candidacy ended early"),
        }
    }
}

/// When a Lease ends unless its holder renews it.
fn end_of(spec: &LeaseSpec) -> Option<Timestamp> {
    let seconds = spec.lease_duration_seconds?;
    spec.renew_time.as_ref()?.0.checked_add(SignedDuration::from_secs(seconds.into())).ok()
}
