//! Services: a list, what depends on one, and a description of the whole infrastructure.

use async_trait::async_trait;
use rmcp::model::{JsonObject, Tool as Definition};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{CallContext, Tool, ToolError, argument, schema};
use crate::aurora::{Segment, ServiceFilter};

/// All services.
pub struct ListServices;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct ListArguments {
    /// Only this type, such as `kubernetes_deployment` or database.
    #[serde(deserialize_with = "argument::text")]
    resource_type: Option<String>,
    /// Only this provider, such as aws, gcp or azure.
    #[serde(deserialize_with = "argument::text")]
    provider: Option<String>,
}

#[async_trait]
impl Tool for ListServices {
    fn definition(&self) -> Definition {
        schema::reads::<ListArguments>(
            "list_services",
            "List services",
            "Services of the dependency graph with type, provider and criticality. Use it to find the right name for \
             service_impact.",
            schema::members(&[("services", "array"), ("total", "integer")]),
        )
    }

    async fn call(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        let arguments: ListArguments = argument::read(arguments)?;
        let (resource_type, provider) = (arguments.resource_type.as_deref(), arguments.provider.as_deref());
        Ok(context.aurora.services(ServiceFilter { resource_type, provider }).await?)
    }
}

/// What depends on a service.
pub struct ServiceImpact;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct ImpactArguments {
    /// The service's name, from `list_services`.
    #[serde(deserialize_with = "argument::text")]
    #[schemars(with = "String", required)]
    name: Option<String>,
}

#[async_trait]
impl Tool for ServiceImpact {
    fn definition(&self) -> Definition {
        schema::reads::<ImpactArguments>(
            "service_impact",
            "What depends on a service",
            "Which services are affected when one fails: critical are direct dependants, high, medium and low are further \
             away. Use it for the blast radius of a failure or a change.",
            schema::members(&[
                ("service", "string"),
                ("impact", "object"),
                ("total_affected", "integer"),
                ("warning", "string"),
            ]),
        )
    }

    async fn call(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        let arguments: ImpactArguments = argument::read(arguments)?;
        let name = Segment::parse("name", &arguments.name.unwrap_or_default())?;
        Ok(warned(context.aurora.impact(&name).await?))
    }
}

/// Aurora answers zero as well for a service that it doesn't know.
fn warned(mut answer: Value) -> Value {
    if answer["total_affected"] == 0 {
        answer["warning"] = json!(
            "Zero is also the answer for an unknown name: make sure that list_services has exactly this name."
        );
    }
    answer
}

/// A description of the infrastructure.
pub struct InfrastructureContext;

#[derive(JsonSchema)]
struct NoArguments {}

#[async_trait]
impl Tool for InfrastructureContext {
    fn definition(&self) -> Definition {
        schema::reads::<NoArguments>(
            "get_infrastructure_context",
            "Describe the infrastructure",
            "What Aurora has learnt about the organisation's infrastructure, as one Markdown text. Use it once, early, to \
             know what there is; null means that nothing was discovered yet.",
            schema::members(&[]),
        )
    }

    async fn call(&self, _: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        Ok(context.aurora.infrastructure_context().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_affected_proves_nothing() {
        assert!(warned(json!({"total_affected": 0}))["warning"].is_string());
        assert!(warned(json!({"total_affected": 1})).get("warning").is_none());
    }
}
