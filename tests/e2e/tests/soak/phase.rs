//! What is going on while a request is under way.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::{Result, ensure};
use aurora_mcp_e2e::eventually;

use crate::answer::Trouble;
use crate::disturbance::Disturbance;
use crate::worker::Worker;

/// The present disturbance, none while everything should work.
#[derive(Default)]
pub struct Phases(Mutex<Option<Disturbance>>);

impl Phases {
    /// The present one.
    pub fn now(&self) -> Option<Disturbance> {
        *self.lock()
    }

    /// From now on something is wrong.
    pub fn begin(&self, disturbance: Disturbance) {
        *self.lock() = Some(disturbance);
    }

    /// From now on nothing may fail.
    pub fn quiet(&self) {
        *self.lock() = None;
    }

    /// Waits until each worker has asked again and got its answer.
    pub async fn settled(&self, workers: &[Worker<'_>]) -> Result<()> {
        let since = Instant::now();
        eventually("every worker to be served again", 60, async || {
            let waiting = workers.iter().filter(|worker| !worker.served_since(since)).count();
            ensure!(waiting == 0, "{waiting} of {} wait", workers.len());
            Ok(())
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, Option<Disturbance>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a client may see this where its request began in one phase and ended in another.
pub fn permitted(trouble: &Trouble, began: Option<Disturbance>, ended: Option<Disturbance>) -> bool {
    [began, ended].into_iter().flatten().any(|disturbance| disturbance.permits(trouble))
}
