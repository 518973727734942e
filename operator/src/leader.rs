//! One replica at work: a Lease decides which. It is no fence, so every write is idempotent all the same.

use std::time::Duration;

use anyhow::Context as _;
use k8s_openapi::api::coordination::v1::Lease;
use kube::runtime::wait::await_condition;
use kube::{Api, Client};
use kube_lease_manager::{LeaseManager, LeaseManagerBuilder, LeaseManagerError};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::Config;

const LEASE_SECONDS: u64 = 15;
const GRACE_SECONDS: u64 = 5;
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
                () = self.given_back() => {}
            }
            match Self::stand(self.client, self.config).await {
                Ok(again) => {
                    leads = again.leads();
                    // It holds nothing that it could give back.
                    std::mem::replace(self, again).task.abort();
                }
                Err(error) => tracing::warn!(%error, "the Lease is free, but can't be asked for"),
            }
        }
    }

    /// Waits until another replica holds the Lease no more.
    async fn given_back(&self) {
        let leases: Api<Lease> = Api::namespaced(self.client.clone(), &self.config.namespace);
        let until = async |wanted: fn(&str, &str) -> bool| {
            let holder = |lease: Option<&Lease>| {
                lease.and_then(|lease| lease.spec.as_ref()?.holder_identity.clone()).unwrap_or_default()
            };
            let seen = |lease: Option<&Lease>| wanted(&holder(lease), &self.config.identity);
            await_condition(leases.clone(), &self.config.lease_name, seen).await
        };
        loop {
            let seen = async {
                until(|holder, own| !holder.is_empty() && holder != own).await?;
                until(|holder, _| holder.is_empty()).await
            };
            match seen.await {
                Ok(_) => return,
                Err(error) => tracing::debug!(%error, "the Lease can't be watched"),
            }
            tokio::time::sleep(RETRY).await;
        }
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
