//! `/api/graph` (contract §6).

use serde_json::Value;

use super::client::Call;
use super::{AsUser, AuroraError};

impl AsUser<'_> {
    /// `{services, total}`.
    pub async fn services(&self) -> Result<Value, AuroraError> {
        self.send(Call::get(&["api", "graph", "services"])).await?.value()
    }

    /// Counts, critical services and single points of failure.
    pub async fn graph_stats(&self) -> Result<Value, AuroraError> {
        self.send(Call::get(&["api", "graph", "stats"])).await?.value()
    }
}
