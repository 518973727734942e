//! A new investigation.

use async_trait::async_trait;
use rmcp::model::{JsonObject, Tool as Definition, ToolAnnotations};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{CallContext, Tool, ToolError, argument, schema};
use crate::aurora::Investigation;

const LONGEST: usize = 4_000;
const SEVERITIES: [&str; 4] = ["critical", "high", "medium", "low"];

/// Makes an incident and starts its root-cause analysis.
pub struct TriggerRca;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Arguments {
    /// What is wrong, since when, and how it shows; up to 4000 characters.
    #[serde(deserialize_with = "argument::text")]
    #[schemars(with = "String", required)]
    issue_description: Option<String>,
    /// A short name for the incident.
    #[serde(deserialize_with = "argument::text")]
    title: Option<String>,
    /// The service that is affected, as `list_services` names it.
    #[serde(deserialize_with = "argument::text")]
    service: Option<String>,
    /// Default medium.
    #[serde(deserialize_with = "argument::text")]
    #[schemars(extend("enum" = ["critical", "high", "medium", "low"]))]
    severity: Option<String>,
}

#[async_trait]
impl Tool for TriggerRca {
    fn definition(&self) -> Definition {
        schema::defined::<Arguments>(
            "trigger_rca",
            "Start an investigation",
            "Create an incident and start Aurora's root-cause analysis of it, which runs for minutes in the background and \
             costs money; at most five in five minutes. Use it only when the person asks for it and list_incidents shows \
             no incident about the same problem. Then follow it with get_incident.",
            schema::members(&[
                ("incident_id", "string"),
                ("rca_session_id", "string"),
                ("message", "string"),
            ]),
            ToolAnnotations::from_raw(None, Some(false), Some(false), Some(false), Some(true)),
        )
    }

    async fn call(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        let arguments: Arguments = argument::read(arguments)?;
        let description = arguments.issue_description.ok_or_else(|| {
            ToolError::Argument("issue_description is missing: say what is wrong".to_owned())
        })?;
        if description.chars().count() > LONGEST {
            return Err(ToolError::Argument(format!(
                "issue_description is longer than {LONGEST} characters"
            )));
        }
        let problem = Investigation {
            description: &description,
            severity: severity(arguments.severity.as_deref())?,
            title: arguments.title.as_deref(),
            service: arguments.service.as_deref(),
        };
        Ok(context.aurora.investigate(&problem).await?)
    }
}

fn severity(text: Option<&str>) -> Result<&'static str, ToolError> {
    let Some(text) = text else { return Ok("medium") };
    argument::closest(&SEVERITIES, text).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        ToolError::Argument(format!("severity: unknown severity {shown:?}. Use {}", SEVERITIES.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_severity_is_one_of_four() {
        assert_eq!(severity(None).unwrap(), "medium");
        assert_eq!(severity(Some("HIGH")).unwrap(), "high");
        let error = severity(Some("urgent")).unwrap_err().to_string();
        assert!(error.contains("critical, high, medium, low"), "{error}");
    }
}
