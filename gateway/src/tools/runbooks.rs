//! Runbooks, wherever they are: the knowledge base and `SharePoint`.

use async_trait::async_trait;
use rmcp::model::{JsonObject, Tool as Definition};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{CallContext, Tool, ToolError, argument, knowledge, schema};
use crate::aurora::AuroraError;

const PROVIDERS: [&str; 1] = ["sharepoint"];

/// Searches all sources at once.
pub struct SearchRunbooks;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Arguments {
    /// What to look for, in plain words.
    #[serde(deserialize_with = "argument::text")]
    #[schemars(with = "String", required)]
    query: Option<String>,
    /// How many of each source, 1 to 20. Default 5.
    #[serde(deserialize_with = "argument::integer")]
    limit: Option<i64>,
}

#[async_trait]
impl Tool for SearchRunbooks {
    fn definition(&self) -> Definition {
        schema::reads_outside::<Arguments>(
            "search_runbooks",
            "Search runbooks",
            "Search for a runbook in the knowledge base and in SharePoint at once. Use it instead of \
             search_knowledge_base when the procedure may be in either.",
            schema::members(&[("sources", "array")]),
        )
    }

    /// Without `SharePoint` it would be a second name for `search_knowledge_base`, so it isn't listed then.
    fn connectors(&self) -> &'static [&'static str] {
        &PROVIDERS
    }

    async fn call(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        let arguments: Arguments = argument::read(arguments)?;
        let query = knowledge::query(arguments.query)?;
        let limit = argument::clamped(arguments.limit, 5, 1, 20);
        let connected = context.connectors.of(context.aurora).await;
        let sharepoint = async {
            match connected {
                Some(connectors) if !connectors.has("sharepoint") => None,
                _ => Some(context.aurora.search_sharepoint(&query, limit).await),
            }
        };
        let (knowledge_base, sharepoint) =
            tokio::join!(context.aurora.search_knowledge(&query, limit), sharepoint);
        let knowledge_base = knowledge_base.map(|answer| knowledge::warned(answer, context));
        let mut sources = vec![source("knowledge_base", knowledge_base)];
        sources.extend(sharepoint.map(|answer| source("sharepoint", answer)));
        Ok(json!({"sources": sources}))
    }
}

/// A source that fails says so; the other one's results are still good.
fn source(name: &str, answer: Result<Value, AuroraError>) -> Value {
    match answer {
        Ok(Value::Object(mut members)) => {
            members.remove("query");
            members.insert("source".to_owned(), json!(name));
            Value::Object(members)
        }
        Ok(other) => json!({"source": name, "results": other}),
        Err(error) => json!({"source": name, "error": format!("{error}. {}", error.hint())}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_fails_is_named_with_its_reason() {
        let failed = source("sharepoint", Err(AuroraError::Timeout));
        assert_eq!(failed["source"], "sharepoint");
        assert!(failed["error"].as_str().unwrap().contains("did not answer in time"));
        let good = source("knowledge_base", Ok(json!({"query": "x", "results": [1]})));
        assert_eq!(good, json!({"source": "knowledge_base", "results": [1]}));
    }
}
