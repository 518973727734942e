//! What a tool call has at hand.

use std::pin::pin;
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::{ConnectorStatus, ToolError};
use crate::access::AccessRules;
use crate::aurora::{ApiPath, AsUser};
use crate::health::Health;
use crate::tools::select::Selector;

/// Settings of the tools, from the configuration.
#[derive(Clone, Debug)]
pub struct ToolSettings {
    /// How long `ask_incident` waits for an answer before it hands out a handle.
    pub ask_wait: Duration,
    /// How often a tool that waits says so.
    pub sign_of_life: Duration,
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
    /// What is connected to Aurora.
    pub connectors: &'a ConnectorStatus,
    /// When the call came.
    pub now: Timestamp,
    /// Settings of the tools.
    pub settings: &'a ToolSettings,
    /// Where progress goes.
    pub progress: &'a Progress,
}

impl CallContext<'_> {
    /// Whether a tool that takes any request, or one of many, may send this one.
    pub fn permit(&self, method: &Method, path: &ApiPath) -> Result<(), ToolError> {
        if self.access.permits_request(method, path) {
            return Ok(());
        }
        Err(ToolError::Denied(format!(
            "This token does not permit {method} {path}. Its owner can widen access.mode or access.api of the token."
        )))
    }
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

    /// Says every so often that `work` goes on, for tools that can't say how far it is.
    pub async fn accompany<T>(&self, tool: &str, often: Duration, work: impl Future<Output = T>) -> T {
        if self.sink.is_none() {
            return work.await;
        }
        let began = Instant::now();
        let mut work = pin!(work);
        loop {
            if let Ok(done) = timeout(often, &mut work).await {
                return done;
            }
            let passed = began.elapsed().as_secs_f64();
            self.send(passed, None, format!("{tool} is waiting for Aurora ({passed:.0} s)"));
        }
    }

    /// Reports that `done` of `total` has passed. A full queue drops the report: a later one says more.
    pub fn report(&self, done: f64, total: f64, message: impl Into<String>) {
        self.send(done, Some(total), message.into());
    }

    fn send(&self, done: f64, total: Option<f64>, message: String) {
        if let Some((token, sink)) = &self.sink {
            let mut report = ProgressNotificationParam::new(token.clone(), done).with_message(message);
            report.total = total;
            let _ = sink.try_send(report);
        }
    }
}
