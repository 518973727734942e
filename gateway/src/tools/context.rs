//! What a tool call has at hand.

use std::time::Duration;

use rmcp::model::{ProgressNotificationParam, ProgressToken};
use tokio::sync::mpsc;

use crate::access::{AccessRules, DenyList};
use crate::aurora::AsUser;
use crate::health::Health;
use crate::tools::select::Selector;

/// Settings of the tools, from the configuration.
#[derive(Clone, Debug)]
pub struct ToolSettings {
    /// How long `ask_incident` waits for an answer before it hands out a handle.
    pub ask_wait: Duration,
    /// What `aurora_api` never does.
    pub denied: DenyList,
    /// Runs the filters of `select`.
    pub selector: Selector,
}

/// What a tool call has at hand.
pub struct CallContext<'a> {
    /// The Aurora API, on behalf of the token's user.
    pub aurora: AsUser<'a>,
    /// What the token may do.
    pub access: &'a AccessRules,
    /// What the probes see.
    pub health: &'a Health,
    /// Settings of the tools.
    pub settings: &'a ToolSettings,
    /// Where progress goes.
    pub progress: &'a Progress,
}

/// Progress notifications of one call; they go nowhere unless the client asked for them.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    sink: Option<(ProgressToken, mpsc::Sender<ProgressNotificationParam>)>,
}

impl Progress {
    /// Progress that is sent under the client's token.
    pub fn to(token: ProgressToken, sink: mpsc::Sender<ProgressNotificationParam>) -> Self {
        Self { sink: Some((token, sink)) }
    }

    /// Reports that `done` of `total` has passed. A full queue drops the report: a later one says more.
    pub fn report(&self, done: f64, total: f64, message: impl Into<String>) {
        if let Some((token, sink)) = &self.sink {
            let report = ProgressNotificationParam::new(token.clone(), done)
                .with_total(total)
                .with_message(message.into());
            let _ = sink.try_send(report);
        }
    }
}
