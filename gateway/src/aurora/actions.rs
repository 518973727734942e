//! `/api/actions`: what Aurora's agents do by themselves (contract §6).

use serde_json::Value;

use super::call::Call;
use super::{ActionId, AsUser, AuroraError};

impl AsUser<'_> {
    /// `{actions}`.
    pub async fn actions(&self) -> Result<Value, AuroraError> {
        self.send(Call::get(&["api", "actions"])).await?.value()
    }

    /// One action.
    pub async fn action(&self, id: ActionId) -> Result<Value, AuroraError> {
        self.send(Call::get(&["api", "actions", &id.to_string()])).await?.value()
    }

    /// `{runs}`, newest first.
    pub async fn action_runs(&self, id: ActionId, limit: u32, offset: u32) -> Result<Value, AuroraError> {
        let call = Call::get(&["api", "actions", &id.to_string(), "runs"])
            .with_query("limit", limit.to_string())
            .with_query("offset", offset.to_string());
        self.send(call).await?.value()
    }
}
