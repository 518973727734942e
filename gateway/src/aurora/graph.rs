//! `/api/graph` (contract §6).

use serde_json::Value;

use super::call::Call;
use super::{AsUser, AuroraError, Segment};

/// Which services to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServiceFilter<'a> {
    /// Such as `database`.
    pub resource_type: Option<&'a str>,
    /// Such as `aws`.
    pub provider: Option<&'a str>,
}

impl AsUser<'_> {
    /// `{services, total}`.
    pub async fn services(&self, filter: ServiceFilter<'_>) -> Result<Value, AuroraError> {
        let mut call = Call::get(&["api", "graph", "services"]);
        for (name, value) in [("resource_type", filter.resource_type), ("provider", filter.provider)] {
            if let Some(value) = value {
                call = call.with_query(name, value);
            }
        }
        self.send(call).await?.value()
    }

    /// Counts, critical services and single points of failure.
    pub async fn graph_stats(&self) -> Result<Value, AuroraError> {
        self.send(Call::get(&["api", "graph", "stats"])).await?.value()
    }

    /// `{service, impact, total_affected}`: who depends on a service. Zero as well for one that isn't there.
    pub async fn impact(&self, service: &Segment) -> Result<Value, AuroraError> {
        self.send(Call::get(&["api", "graph", "services", service.as_str(), "impact"])).await?.value()
    }

    /// `{content, updated_at}`: a description of the infrastructure in Markdown, or null.
    pub async fn infrastructure_context(&self) -> Result<Value, AuroraError> {
        self.send(Call::get(&["api", "graph", "infrastructure", "context"])).await?.value()
    }
}
