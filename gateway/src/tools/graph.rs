//! The service graph.

use async_trait::async_trait;
use rmcp::model::{JsonObject, Tool as Definition, ToolAnnotations};
use schemars::JsonSchema;
use serde_json::{Value, json};

use super::{CallContext, Tool, ToolError, schema};

/// Statistics of the service graph.
pub struct GetGraphStats;

#[derive(JsonSchema)]
struct Arguments {}

#[async_trait]
impl Tool for GetGraphStats {
    fn definition(&self) -> Definition {
        Definition::new(
            "get_graph_stats",
            "Statistics of the service dependency graph: number of services and dependencies, services by type and \
             provider, the most depended-on (critical) services and single points of failure. Use it for an overview of \
             the infrastructure. For one service and what it affects use service_impact.",
            schema::input::<Arguments>(),
        )
        .with_title("Service graph statistics")
        .with_annotations(ToolAnnotations::from_raw(None, Some(true), Some(false), Some(true), Some(false)))
        .with_raw_output_schema(schema::output(json!({
            "type": "object",
            "properties": {
                "total_services": {"type": "integer"},
                "total_dependencies": {"type": "integer"},
                "services_by_type": {"type": "object"},
                "services_by_provider": {"type": "object"},
                "critical_services": {"type": "array"},
                "single_points_of_failure": {"type": "array"}
            }
        })))
    }

    async fn call(&self, _: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        Ok(context.aurora.graph_stats().await?)
    }
}
