//! Where runbooks are: an index of all sources, each with its content or with why it has none.

use serde_json::{Value, json};

use crate::access::AccessRules;
use crate::aurora::AuroraError;
use crate::tools::CallContext;

/// Whoever may search them may see what there is.
pub fn permitted(access: &AccessRules) -> bool {
    ["search_runbooks", "search_knowledge_base", "knowledge_base_search"]
        .iter()
        .any(|tool| access.permits_tool(tool))
}

/// All sources. `SharePoint` is left out only where it is known not to be connected.
pub async fn index(context: &CallContext<'_>) -> Value {
    let connected = context.connectors.of(context.aurora).await;
    let sharepoint = async {
        match connected {
            Some(connectors) if !connectors.has("sharepoint") => None,
            _ => Some(context.aurora.sharepoint_sites().await),
        }
    };
    let (documents, sites) = tokio::join!(context.aurora.knowledge_documents(), sharepoint);
    let mut sources = vec![source("knowledge_base", "documents", documents)];
    sources.extend(sites.map(|sites| source("sharepoint", "sites", sites)));
    json!({"sources": sources})
}

/// A source that fails says so: an empty list would read as if it had no runbooks.
fn source(name: &str, member: &str, answer: Result<Value, AuroraError>) -> Value {
    match answer {
        Ok(mut answer) => {
            let items = match answer.get_mut(member) {
                Some(items) => items.take(),
                None => answer,
            };
            json!({"source": name, "items": items})
        }
        Err(error) => json!({"source": name, "error": format!("{error}. {}", error.hint())}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_lists_its_items_or_says_why_not() {
        let documents = source("knowledge_base", "documents", Ok(json!({"documents": [1], "usage": {}})));
        assert_eq!(documents, json!({"source": "knowledge_base", "items": [1]}));
        let bare = source("sharepoint", "sites", Ok(json!([{"id": "a"}])));
        assert_eq!(bare, json!({"source": "sharepoint", "items": [{"id": "a"}]}));
        let failed = source("sharepoint", "sites", Err(AuroraError::Timeout));
        assert!(failed.get("items").is_none());
        assert!(failed["error"].as_str().unwrap().contains("did not answer in time"), "{failed}");
    }
}
