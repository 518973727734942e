//! `/api/incidents` (contract §6).

use serde_json::Value;

use super::client::Call;
use super::{AsUser, AuroraError, IncidentId};

/// Which incidents to list.
#[derive(Clone, Debug, Default)]
pub struct IncidentPage {
    /// Exactly this status.
    pub status: Option<&'static str>,
    /// How many, 1–100.
    pub limit: u32,
    /// How many to skip.
    pub offset: u32,
}

impl AsUser<'_> {
    /// `{incidents, total}`, newest first.
    pub async fn incidents(&self, page: &IncidentPage) -> Result<Value, AuroraError> {
        let mut call = Call::get(&["api", "incidents"]).with_query("limit", page.limit.to_string());
        if let Some(status) = page.status {
            call = call.with_query("status", status);
        }
        if page.offset > 0 {
            call = call.with_query("offset", page.offset.to_string());
        }
        self.send(call).await?.value()
    }

    /// `{incident}` with everything that Aurora has about it.
    pub async fn incident(&self, id: IncidentId) -> Result<Value, AuroraError> {
        self.send(Call::get(&["api", "incidents", &id.to_string()])).await?.value()
    }
}
