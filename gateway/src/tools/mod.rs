//! The tools of the MCP surface: which there are, who may use which, and how a call becomes a result.

mod api;
mod argument;
mod ask;
mod context;
mod error;
mod graph;
mod incidents;
mod knowledge;
mod output;
mod schema;
pub mod select;

use async_trait::async_trait;
use rmcp::model::{CallToolResult, JsonObject, Tool as Definition};
use serde_json::Value;

pub use self::context::{CallContext, Progress, ToolSettings};
pub use self::error::ToolError;
use crate::access::AccessRules;

/// A tool: a definition and a call of a typed Aurora client method.
#[async_trait]
pub trait Tool: Send + Sync {
    /// Name, title, description, schemas and annotations.
    fn definition(&self) -> Definition;

    /// Runs it. The value is an object.
    async fn call(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError>;

    /// What the call is about, for the audit line: an id, a path; never a secret and no free text.
    fn target(&self, _arguments: &JsonObject) -> Option<String> {
        None
    }
}

struct Entry {
    definition: Definition,
    reads_only: bool,
    tool: Box<dyn Tool>,
}

/// All tools, in the order in which they are listed.
pub struct Toolset {
    entries: Vec<Entry>,
}

impl Default for Toolset {
    fn default() -> Self {
        let tools: Vec<Box<dyn Tool>> = vec![
            Box::new(incidents::ListIncidents),
            Box::new(incidents::GetIncident),
            Box::new(ask::AskIncident),
            Box::new(graph::GetGraphStats),
            Box::new(knowledge::SearchKnowledgeBase),
            Box::new(api::AuroraApi),
        ];
        Self { entries: tools.into_iter().map(Entry::new).collect() }
    }
}

impl Entry {
    fn new(tool: Box<dyn Tool>) -> Self {
        let definition = tool.definition();
        let reads_only =
            definition.annotations.as_ref().and_then(|hints| hints.read_only_hint).unwrap_or(false);
        Self { definition, reads_only, tool }
    }

    /// `aurora_api` judges each call by method and path itself, so a read-only token keeps it.
    fn permitted(&self, access: &AccessRules) -> bool {
        let name = self.definition.name.as_ref();
        access.permits_tool(name) && (self.reads_only || !access.is_read_only() || name == api::NAME)
    }
}

impl Toolset {
    /// The definitions that `access` permits, always in the same order.
    pub fn list(&self, access: &AccessRules) -> Vec<Definition> {
        self.entries
            .iter()
            .filter(|entry| entry.permitted(access))
            .map(|entry| entry.definition.clone())
            .collect()
    }

    /// The name of a tool as the program knows it; a finite set, fit for a metric label.
    pub fn known_name(&self, name: &str) -> Option<&str> {
        self.entries.iter().map(|entry| entry.definition.name.as_ref()).find(|known| *known == name)
    }

    /// What a call is about, for the audit line.
    pub fn target(&self, name: &str, arguments: &JsonObject) -> Option<String> {
        self.find(name)?.tool.target(arguments)
    }

    /// Calls a tool. `None`: there is no such tool for this caller.
    pub async fn call(
        &self,
        name: &str,
        arguments: JsonObject,
        context: &CallContext<'_>,
    ) -> Option<Result<CallToolResult, ToolError>> {
        let entry = self.find(name).filter(|entry| entry.permitted(context.access))?;
        Some(entry.tool.call(arguments, context).await.map(output::result))
    }

    fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.definition.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definitions() -> Vec<Definition> {
        Toolset::default().list(&AccessRules::unlimited())
    }

    fn walk<'a>(value: &'a Value, visit: &mut impl FnMut(&'a str, &'a Value)) {
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| {
                visit(key, value);
                walk(value, visit);
            }),
            Value::Array(items) => items.iter().for_each(|value| walk(value, visit)),
            _ => {}
        }
    }

    #[test]
    fn the_six_documented_tools_are_listed_in_order() {
        let names: Vec<_> = definitions().iter().map(|tool| tool.name.to_string()).collect();
        assert_eq!(
            names,
            [
                "list_incidents",
                "get_incident",
                "ask_incident",
                "get_graph_stats",
                "search_knowledge_base",
                "aurora_api"
            ]
        );
    }

    #[test]
    fn schemas_are_flat_objects_that_every_client_can_read() {
        for tool in definitions() {
            for schema in [Some(&tool.input_schema), tool.output_schema.as_ref()].into_iter().flatten() {
                assert_eq!(schema["type"], "object", "{}", tool.name);
                let schema = Value::Object(schema.as_ref().clone());
                walk(&schema, &mut |key, value| {
                    assert!(
                        !matches!(key, "$ref" | "$defs" | "anyOf" | "oneOf" | "allOf" | "format"),
                        "{}: {key}",
                        tool.name
                    );
                    assert!(key != "type" || !value.is_array(), "{}: type is a list", tool.name);
                });
            }
        }
    }

    #[test]
    fn every_tool_has_title_annotations_output_schema_and_a_short_description() {
        for tool in definitions() {
            let hints = tool.annotations.as_ref().unwrap();
            assert!(tool.title.is_some() && tool.output_schema.is_some(), "{}", tool.name);
            assert!(hints.read_only_hint.is_some() && hints.idempotent_hint.is_some(), "{}", tool.name);
            assert!(hints.destructive_hint.is_some() && hints.open_world_hint.is_some(), "{}", tool.name);
            assert!(tool.description.as_ref().unwrap().len() < 2_048, "{}", tool.name);
            assert!(tool.name.len() <= 40, "{}", tool.name);
        }
    }

    #[test]
    fn every_argument_is_described() {
        for tool in definitions() {
            let Some(properties) = tool.input_schema.get("properties") else { continue };
            for (name, schema) in properties.as_object().unwrap() {
                assert!(schema["description"].is_string(), "{}.{name}", tool.name);
            }
        }
    }
}
