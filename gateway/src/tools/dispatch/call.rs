//! Sends one request of the catalogue.

use async_trait::async_trait;
use rmcp::model::{JsonObject, Tool as Definition, ToolAnnotations};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{CallContext, Tool, ToolError, argument, connected, schema};
use super::{Catalogue, request};

/// Calls an entry by its name.
pub struct CallTool;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Arguments {
    /// A name that `search_tools` gave.
    #[serde(deserialize_with = "argument::text")]
    #[schemars(with = "String", required)]
    name: Option<String>,
    /// Its arguments, by the names that `search_tools` gave.
    #[serde(deserialize_with = "argument::object")]
    #[schemars(with = "Option<serde_json::Map<String, Value>>")]
    args: Option<JsonObject>,
}

#[async_trait]
impl Tool for CallTool {
    fn definition(&self) -> Definition {
        schema::defined::<Arguments>(
            "call_tool",
            "Call a tool of the catalogue",
            "Call one of the tools that search_tools finds, by name and with its args. Those whose description says that \
             they create, change, run or delete something: ask the person first.",
            json!({
                "type": "object",
                "properties": {"status_code": {"type": "integer"}, "data": {"description": "The answer."}}
            }),
            ToolAnnotations::from_raw(None, Some(false), Some(true), Some(false), Some(true)),
        )
    }

    fn judges_requests(&self) -> bool {
        true
    }

    async fn call(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        let arguments: Arguments = argument::read(arguments)?;
        let name = arguments.name.unwrap_or_default();
        let entry = Catalogue::get().find(&name).ok_or_else(|| unknown(&name))?;
        let call = request::build(entry, arguments.args.unwrap_or_default())?;
        context.permit(&entry.method, call.path())?;
        if let Some(connector) = entry.connector {
            connected::required(&[connector], context).await?;
        }
        let answer = context.aurora.send(call).await?;
        Ok(json!({"status_code": answer.status().as_u16(), "data": answer.value()?}))
    }

    fn target(&self, arguments: &JsonObject) -> Option<String> {
        Catalogue::get().find(arguments.get("name")?.as_str()?).map(|entry| entry.name.to_owned())
    }
}

fn unknown(name: &str) -> ToolError {
    let shown: String = name.chars().take(80).collect();
    ToolError::Argument(format!(
        "the catalogue has no tool {shown:?}; search_tools lists them. Tools of tools/list are called directly"
    ))
}
