//! What is connected to Aurora, and what that makes possible.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::aurora::Connectors;
use crate::tools::{Catalogue, CatalogueEntry};

/// Each connector, with whether it is connected and whether any tool asks it.
pub fn status(connectors: &Connectors) -> Value {
    let tools = by_connector(|_| true);
    let all: BTreeMap<&str, Value> = connectors
        .iter()
        .map(|(name, connected)| {
            (name, json!({"connected": connected, "mcp_tools_available": tools.contains_key(name)}))
        })
        .collect();
    json!({"connectors": all})
}

/// Each connector that tools ask, with their names for `call_tool`: those that may be `called`.
pub fn skills(connectors: &Connectors, called: impl Fn(&CatalogueEntry) -> bool) -> Value {
    let skills: Vec<Value> = by_connector(called)
        .into_iter()
        .map(|(id, entries)| {
            let tools: Vec<&str> = entries.iter().map(|entry| entry.name).collect();
            let category = entries.first().map(|entry| entry.category);
            json!({"id": id, "category": category, "connected": connectors.has(id), "tools": tools})
        })
        .collect();
    json!({"skills": skills})
}

fn by_connector(
    wanted: impl Fn(&CatalogueEntry) -> bool,
) -> BTreeMap<&'static str, Vec<&'static CatalogueEntry>> {
    let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for entry in Catalogue::get().entries().iter().filter(|entry| wanted(entry)) {
        if let Some(connector) = entry.connector {
            all.entry(connector).or_default().push(entry);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    #[test]
    fn a_connector_says_whether_tools_need_it() {
        let connectors: Connectors = [("Jira", true), ("onprem", false)].into_iter().collect();
        let expected = json!({"connectors": {
            "jira": {"connected": true, "mcp_tools_available": true},
            "onprem": {"connected": false, "mcp_tools_available": false},
        }});
        assert_eq!(status(&connectors), expected);
    }

    #[test]
    fn a_skill_names_only_what_may_be_called() {
        let connectors: Connectors = [("jira", true)].into_iter().collect();
        let of = |id: &str, called: fn(&CatalogueEntry) -> bool| {
            let skills = skills(&connectors, called);
            skills["skills"].as_array().unwrap().iter().find(|skill| skill["id"] == id).cloned().unwrap()
        };
        let all = of("jira", |_| true);
        assert_eq!((&all["connected"], &all["category"]), (&json!(true), &json!("ticketing")));
        assert!(all["tools"].as_array().unwrap().contains(&json!("jira_add_comment")));
        let reads = of("jira", |entry| entry.method == Method::GET);
        assert_eq!(reads["tools"], json!(["jira_get_issue"]));
        assert_eq!(of("sentry", |_| true)["connected"], false);
    }
}
