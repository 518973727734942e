//! Finds requests of the catalogue by words.

use async_trait::async_trait;
use rmcp::model::{JsonObject, Tool as Definition};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{CallContext, Tool, ToolError, argument, schema};
use super::Catalogue;
use super::catalogue::Entry;
use crate::aurora::Connectors;

/// Shorter words say nothing.
const SHORTEST_WORD: usize = 2;

/// Searches the catalogue.
pub struct SearchTools;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Arguments {
    /// Words for what you want to do, such as "jira create issue". Leave it out for all.
    #[serde(deserialize_with = "argument::text")]
    query: Option<String>,
    /// Only this category: logs, metrics, events, alerts, ticketing, code, runbooks, incidents, docs, topology, usage,
    /// actions, cicd or monitoring.
    #[serde(deserialize_with = "argument::text")]
    category: Option<String>,
    /// Only what this connector offers, such as jira.
    #[serde(deserialize_with = "argument::text")]
    connector: Option<String>,
    /// How many, 1 to 50. Default 10.
    #[serde(deserialize_with = "argument::integer")]
    limit: Option<i64>,
}

#[async_trait]
impl Tool for SearchTools {
    fn definition(&self) -> Definition {
        schema::reads::<Arguments>(
            "search_tools",
            "Search the catalogue of tools",
            "Find more tools for call_tool: postmortems, artifacts, DORA metrics, LLM costs, actions, and those of \
             connected systems (Jira, GitHub, Sentry, Grafana, Jenkins and others). Use it when no listed tool fits, \
             before aurora_api.",
            schema::members(&[("tools", "array"), ("total_matches", "integer"), ("hint", "string")]),
        )
    }

    async fn call(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        let arguments: Arguments = argument::read(arguments)?;
        let connectors = context.connectors.of(context.aurora).await;
        let limit = argument::clamped(arguments.limit, 10, 1, 50) as usize;
        let entries = Catalogue::get().entries().iter().filter(|entry| entry.permitted(context));
        let found = search(entries, &arguments, connectors.as_deref());
        let tools: Vec<Value> =
            found.iter().take(limit).map(|entry| shown(entry, connectors.as_deref())).collect();
        Ok(json!({"hint": hint(found.len(), tools.len()), "total_matches": found.len(), "tools": tools}))
    }
}

/// What can be called now, then what matches most words, then the order of the table.
fn search<'a>(
    entries: impl Iterator<Item = &'a Entry>,
    arguments: &Arguments,
    connectors: Option<&Connectors>,
) -> Vec<&'a Entry> {
    let words = words(arguments.query.as_deref().unwrap_or_default());
    let same = |wanted: &Option<String>, has: &str| {
        wanted.as_deref().is_none_or(|wanted| argument::closest(&[has], wanted).is_some())
    };
    // Models name a connector as a category.
    let category = |entry: &Entry| {
        same(&arguments.category, entry.category)
            || entry.connector.is_some_and(|name| same(&arguments.category, name))
    };
    let connector = |entry: &Entry| {
        arguments.connector.is_none() || entry.connector.is_some_and(|name| same(&arguments.connector, name))
    };
    let mut found: Vec<(bool, usize, &Entry)> = entries
        .filter(|entry| category(entry) && connector(entry))
        .map(|entry| (callable(entry, connectors), score(entry, &words), entry))
        .filter(|(_, score, _)| words.is_empty() || *score > 0)
        .collect();
    found.sort_by_key(|(callable, score, _)| std::cmp::Reverse((*callable, *score)));
    found.into_iter().map(|(_, _, entry)| entry).collect()
}

fn words(query: &str) -> Vec<String> {
    let words = query.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() >= SHORTEST_WORD);
    words.map(str::to_lowercase).collect()
}

/// How many of the words the entry has in its name, description, category or connector.
fn score(entry: &Entry, words: &[String]) -> usize {
    let text = [entry.name, entry.about, entry.category, entry.connector.unwrap_or_default()].join(" ");
    let text = text.to_lowercase();
    words.iter().filter(|word| text.contains(word.as_str())).count()
}

fn callable(entry: &Entry, connectors: Option<&Connectors>) -> bool {
    entry.connector.is_none_or(|name| connectors.is_some_and(|connectors| connectors.has(name)))
}

fn shown(entry: &Entry, connectors: Option<&Connectors>) -> Value {
    let place = if entry.has_body() { "body" } else { "query" };
    let in_path = entry.in_path().map(|name| json!({"name": name, "in": "path", "required": true}));
    let others = entry
        .arguments
        .iter()
        .map(|argument| json!({"name": argument.name, "in": place, "required": argument.required}));
    let mut shown = json!({
        "name": entry.name,
        "description": entry.about,
        "category": entry.category,
        "callable_now": callable(entry, connectors),
        "args": in_path.chain(others).collect::<Vec<_>>(),
    });
    if let Some(connector) = entry.connector {
        shown["connector"] = json!(connector);
    }
    shown
}

fn hint(found: usize, shown: usize) -> String {
    if found == 0 {
        let categories = Catalogue::get().categories().join(", ");
        return format!(
            "Nothing matches. Use other words, or one of the categories {categories}; else aurora_api."
        );
    }
    let more = if found > shown { " There are more: raise limit, or be more precise." } else { "" };
    format!("Call one with call_tool. callable_now is false where its connector is not connected.{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(query: &str, category: Option<&str>, connector: Option<&str>) -> Vec<&'static str> {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let arguments = Arguments {
            query: Some(query.to_owned()),
            category: owned(category),
            connector: owned(connector),
            limit: None,
        };
        let connectors: Connectors = [("jira", true)].into_iter().collect();
        let found = search(Catalogue::get().entries().iter(), &arguments, Some(&connectors));
        found.into_iter().map(|entry| entry.name).collect()
    }

    #[test]
    fn the_best_match_that_can_be_called_comes_first() {
        assert_eq!(found("create a Jira issue", None, None)[0], "jira_create_issue");
        assert_eq!(found("postmortem list", None, None)[0], "postmortem_list");
        assert_eq!(found("", None, None).len(), 82);
        assert_eq!(found("zzzz", None, None).len(), 0);
        let logs = found("search logs", None, None);
        let (jira, splunk) = ("jira_search_issues", "splunk_search");
        let place = |name| logs.iter().position(|found| *found == name).unwrap();
        assert!(place(jira) < place(splunk), "what is connected goes before what isn't: {logs:?}");
    }

    #[test]
    fn categories_and_connectors_narrow_and_may_be_confused() {
        assert!(found("", Some("ticketing"), None).iter().all(|name| name.starts_with("jira_")));
        assert!(found("", Some("Jira"), None).contains(&"postmortem_export_jira"));
        assert_eq!(found("", None, Some("grafana")), ["grafana_list_alerts"]);
        assert!(found("", Some("nonsense"), None).is_empty());
    }

    #[test]
    fn an_entry_is_shown_with_the_place_of_each_argument() {
        let entry = Catalogue::get().find("jira_add_comment").unwrap();
        let shown = shown(entry, None);
        assert_eq!(shown["callable_now"], false);
        assert_eq!(
            shown["args"],
            json!([
                {"name": "issue_key", "in": "path", "required": true},
                {"name": "body", "in": "body", "required": true}
            ])
        );
    }
}
