//! The tools of the MCP surface: which there are, who may use which, and how a call becomes a result.

mod actions;
mod api;
mod argument;
mod ask;
mod connected;
mod context;
mod dispatch;
mod error;
mod evidence;
mod graph;
mod incidents;
mod knowledge;
mod output;
mod rca;
mod runbooks;
mod schema;
pub mod select;
mod services;

use async_trait::async_trait;
use rmcp::model::{CallToolResult, JsonObject, Tool as Definition};
use serde_json::Value;
use serde_json::value::RawValue;

pub use self::connected::ConnectorStatus;
pub use self::context::{CallContext, Progress, ToolSettings};
pub use self::dispatch::{Catalogue, Entry as CatalogueEntry};
pub use self::error::ToolError;
use self::output::Output;
use crate::access::AccessRules;
use crate::aurora::Connectors;

/// From this likeness on, of 1 at most, a name is taken for another one misspelt.
const LIKE: f64 = 0.85;
/// So much of a name is repeated to its sender.
const LONGEST_NAME: usize = 80;

/// A tool: a definition and a call of a typed Aurora client method.
#[async_trait]
pub trait Tool: Send + Sync {
    /// Name, title, description, schemas and annotations.
    fn definition(&self) -> Definition;

    /// Runs it. The value is an object.
    async fn call(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError>;

    /// The same for whoever answers with it: Aurora's answer can be passed on as it came.
    async fn output(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Output, ToolError> {
        self.call(arguments, context).await.map(Output::Made)
    }

    /// It is listed only while one of these is connected to Aurora. None: always.
    fn connectors(&self) -> &'static [&'static str] {
        &[]
    }

    /// Names that it has, or had, elsewhere: it can be called by them, but is listed once.
    fn former_names(&self) -> &'static [&'static str] {
        &[]
    }

    /// It reports its own progress while it waits.
    fn reports_progress(&self) -> bool {
        false
    }

    /// It sends requests of many kinds and judges each by method and path, so a read-only token keeps it.
    fn judges_requests(&self) -> bool {
        false
    }

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
            Box::new(rca::TriggerRca),
            Box::new(runbooks::SearchRunbooks),
            Box::new(services::InfrastructureContext),
            Box::new(services::ListServices),
            Box::new(services::ServiceImpact),
            Box::new(evidence::IncidentAlerts),
            Box::new(evidence::IncidentFindings),
            Box::new(evidence::IncidentFindingDetail),
            Box::new(actions::ListActions),
            Box::new(actions::GetAction),
            Box::new(actions::ListActionRuns),
            Box::new(connected::QueryLogs),
            Box::new(connected::QueryMetrics),
            Box::new(connected::QueryAlerts),
            Box::new(connected::QueryJira),
            Box::new(connected::QueryNotion),
            Box::new(connected::QueryBitbucket),
            Box::new(dispatch::SearchTools),
            Box::new(dispatch::CallTool),
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

    fn permitted(&self, access: &AccessRules) -> bool {
        let named = self.names().any(|name| access.permits_tool(name));
        named && (self.reads_only || !access.is_read_only() || self.tool.judges_requests())
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.definition.name.as_ref()).chain(self.tool.former_names().iter().copied())
    }

    fn connected(&self, connectors: &Connectors) -> bool {
        let names = self.tool.connectors();
        names.is_empty() || names.iter().any(|name| connectors.has(name))
    }

    async fn call(
        &self,
        arguments: JsonObject,
        context: &CallContext<'_>,
    ) -> Result<(CallToolResult, Option<Box<RawValue>>), ToolError> {
        let arguments = argument::named(&self.definition, arguments)?;
        let work = self.tool.output(arguments, context);
        let output = if self.tool.reports_progress() {
            work.await
        } else {
            context.progress.accompany(&self.definition.name, context.settings.sign_of_life, work).await
        };
        output.map(output::result)
    }
}

impl Toolset {
    /// The definitions that `access` permits and that something is connected for, always in the same order.
    pub fn list(&self, access: &AccessRules, connectors: &Connectors) -> Vec<Definition> {
        self.entries
            .iter()
            .filter(|entry| entry.permitted(access) && entry.connected(connectors))
            .map(|entry| entry.definition.clone())
            .collect()
    }

    /// Whether the list for `access` depends on what is connected.
    pub fn asks_for_connectors(&self, access: &AccessRules) -> bool {
        self.entries.iter().any(|entry| !entry.tool.connectors().is_empty() && entry.permitted(access))
    }

    /// The name of a tool as the program knows it; a finite set, fit for a metric label.
    pub fn known_name(&self, name: &str) -> Option<&str> {
        self.find(name).map(|entry| entry.definition.name.as_ref())
    }

    /// What a call is about, for the audit line.
    pub fn target(&self, name: &str, arguments: &JsonObject) -> Option<String> {
        self.find(name)?.tool.target(arguments)
    }

    /// Calls a tool. `None`: there is no such tool for this caller. Structured content that is passed on as Aurora wrote it
    /// stands beside the result.
    pub async fn call(
        &self,
        name: &str,
        arguments: JsonObject,
        context: &CallContext<'_>,
    ) -> Option<Result<(CallToolResult, Option<Box<RawValue>>), ToolError>> {
        let entry = self.find(name).filter(|entry| entry.permitted(context.access))?;
        Some(entry.call(arguments, context).await)
    }

    /// Why there is no such tool for a caller, and which may have been meant.
    pub fn absent(&self, name: &str, access: &AccessRules) -> String {
        if self.find(name).is_some() {
            return format!(
                "this token may not call {name}: its access leaves the tool out; tools/list shows the others"
            );
        }
        let permitted = self.entries.iter().filter(|entry| entry.permitted(access));
        let likeness = |known: &&str| strsim::jaro_winkler(known, name);
        let nearest = permitted
            .map(|entry| entry.definition.name.as_ref())
            .max_by(|one, other| likeness(one).total_cmp(&likeness(other)))
            .filter(|known| likeness(known) >= LIKE);
        let meant = nearest.map(|known| format!("; did you mean {known}?")).unwrap_or_default();
        let name: String = name.chars().take(LONGEST_NAME).collect();
        format!("there is no tool {name:?}{meant}; tools/list shows those that there are")
    }

    fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.names().any(|known| known == name))
    }
}

#[cfg(test)]
mod tests {
    use aurora_mcp_store::{Access, Mode};

    use super::*;

    /// Everything that can be connected.
    fn connectors() -> Connectors {
        let toolset = Toolset::default();
        let names = toolset.entries.iter().flat_map(|entry| entry.tool.connectors());
        names.map(|name| (*name, true)).collect()
    }

    fn definitions() -> Vec<Definition> {
        Toolset::default().list(&AccessRules::unlimited(), &connectors())
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
    fn the_documented_tools_come_first_and_gated_ones_need_their_connector() {
        let names = |connectors: &Connectors| -> Vec<String> {
            let list = Toolset::default().list(&AccessRules::unlimited(), connectors);
            list.iter().map(|tool| tool.name.to_string()).collect()
        };
        let none = names(&Connectors::default());
        let documented = [
            "list_incidents",
            "get_incident",
            "ask_incident",
            "get_graph_stats",
            "search_knowledge_base",
            "aurora_api",
        ];
        assert_eq!(none[..6], documented);
        assert_eq!((none.len(), names(&connectors()).len()), (18, 25));
        let jira = names(&[("jira", true)].into_iter().collect());
        assert_eq!(jira.len(), 19);
        assert!(jira.contains(&"query_jira".to_owned()));
    }

    /// Every session pays for the list before anything is asked; clients cap the number of tools at 40.
    #[test]
    fn the_whole_list_stays_within_its_budget() {
        let bytes = |connectors: &Connectors| {
            let list = Toolset::default().list(&AccessRules::unlimited(), connectors);
            serde_json::to_vec(&list).unwrap().len()
        };
        let (least, most) = (bytes(&Connectors::default()), bytes(&connectors()));
        assert!(least < 15_000, "{least} bytes without connectors");
        assert!(most < 20_000, "{most} bytes with all connectors");
    }

    #[test]
    fn the_documentation_names_every_tool_and_its_connectors() {
        let documentation = include_str!("../../../docs/clients.md");
        for entry in Toolset::default().entries {
            let connectors = entry.tool.connectors().join(", ");
            let row = format!("| `{}` | {connectors}", entry.definition.name);
            assert!(documentation.contains(&row), "docs/clients.md lacks {row}");
        }
    }

    #[test]
    fn every_connector_that_a_tool_needs_is_one_of_the_catalogues() {
        let known: Vec<_> = Catalogue::get().entries().iter().filter_map(|entry| entry.connector).collect();
        for entry in Toolset::default().entries {
            assert!(
                entry.tool.connectors().iter().all(|name| known.contains(name)),
                "{}",
                entry.definition.name
            );
        }
    }

    #[test]
    fn a_tool_answers_to_its_newer_name_too_but_is_listed_once() {
        let toolset = Toolset::default();
        assert_eq!(toolset.known_name("knowledge_base_search"), Some("search_knowledge_base"));
        assert!(definitions().iter().all(|tool| tool.name != "knowledge_base_search"));
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
    fn an_unknown_argument_is_named_with_those_that_there_are() {
        for tool in definitions() {
            let unknown = JsonObject::from_iter([("nosuch".to_owned(), Value::Null)]);
            let error = argument::named(&tool, unknown).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("unknown argument \"nosuch\": {} takes ", tool.name)),
                "{error}"
            );
            let known = tool.input_schema["properties"].as_object().unwrap();
            assert!(known.keys().all(|name| error.contains(name)), "{error}");
            assert!(!known.is_empty() || error.ends_with(" takes no arguments"), "{error}");
            assert_eq!(argument::named(&tool, known.clone()).unwrap(), *known);
        }
    }

    #[test]
    fn an_absent_tool_is_one_that_is_not_permitted_or_one_that_was_misspelt() {
        let read_only = Access { mode: Mode::ReadOnly, ..Access::default() };
        let (all, read_only) = (AccessRules::unlimited(), AccessRules::from(read_only));
        for (name, access, said) in [
            ("list_incident", &all, "there is no tool \"list_incident\"; did you mean list_incidents?"),
            ("getIncident", &all, "there is no tool \"getIncident\"; did you mean get_incident?"),
            ("trigger_rca", &read_only, "this token may not call trigger_rca"),
            ("triger_rca", &read_only, "there is no tool \"triger_rca\"; tools/list"),
            ("drop_tables", &all, "there is no tool \"drop_tables\"; tools/list"),
        ] {
            let absent = Toolset::default().absent(name, access);
            assert!(absent.starts_with(said), "{absent}");
        }
    }

    #[test]
    fn a_name_in_another_spelling_is_understood_once() {
        let tool = definitions().into_iter().find(|tool| tool.name == "get_incident").unwrap();
        let object = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
        for written in ["incidentId", "INCIDENT_ID", "incident-id", "IncidentID"] {
            let read: JsonObject = argument::named(&tool, object(&[written])).unwrap();
            assert!(read.contains_key("incident_id"), "{written}");
        }
        let twice = argument::named(&tool, object(&["incidentId", "incident_id"])).unwrap_err();
        assert!(twice.to_string().contains("given twice"), "{twice}");
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
