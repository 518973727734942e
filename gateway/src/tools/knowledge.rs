//! The knowledge base.

use async_trait::async_trait;
use rmcp::model::{JsonObject, Tool as Definition, ToolAnnotations};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{CallContext, Tool, ToolError, argument, schema};
use crate::health::Status;

const LONGEST_QUERY: usize = 2_000;

/// Search by meaning over runbooks and documents.
pub struct SearchKnowledgeBase;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Arguments {
    /// What to look for, in plain words.
    #[serde(deserialize_with = "argument::text")]
    #[schemars(with = "String", required)]
    query: Option<String>,
    /// How many passages to return, 1 to 20. Default 5.
    #[serde(deserialize_with = "argument::integer")]
    limit: Option<i64>,
}

#[async_trait]
impl Tool for SearchKnowledgeBase {
    fn definition(&self) -> Definition {
        Definition::new(
            "search_knowledge_base",
            "Search the organisation's knowledge base (runbooks, documents, past findings) by meaning. Returns passages \
             with their source and a score, best first. Use it for procedures and known problems before proposing a fix.",
            schema::input::<Arguments>(),
        )
        .with_title("Search the knowledge base")
        .with_annotations(ToolAnnotations::from_raw(None, Some(true), Some(false), Some(true), Some(false)))
        .with_raw_output_schema(schema::output(json!({
            "type": "object",
            "properties": {
                "query": {"type": "string"},
                "results": {"type": "array", "items": {"type": "object"}},
                "warning": {"type": "string", "description": "Present when an empty result proves nothing."}
            }
        })))
    }

    async fn call(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        let arguments: Arguments = argument::read(arguments)?;
        let query = query(arguments.query)?;
        let limit = argument::clamped(arguments.limit, 5, 1, 20);
        let answer = context.aurora.search_knowledge(&query, limit).await?;
        Ok(warned(answer, context))
    }

    fn former_names(&self) -> &'static [&'static str] {
        &["knowledge_base_search"]
    }
}

/// What to look for.
pub fn query(text: Option<String>) -> Result<String, ToolError> {
    let query =
        text.ok_or_else(|| ToolError::Argument("query is missing: say what to look for".to_owned()))?;
    if query.chars().count() > LONGEST_QUERY {
        return Err(ToolError::Argument(format!("query is longer than {LONGEST_QUERY} characters")));
    }
    Ok(query)
}

/// Aurora answers an empty list when its vector store is down (contract §1 #12); the probe tells the two apart.
pub fn warned(answer: Value, context: &CallContext<'_>) -> Value {
    judged(answer, context.health.component("weaviate").map(|component| component.status))
}

fn judged(mut answer: Value, weaviate: Option<Status>) -> Value {
    let empty = answer["results"].as_array().is_none_or(Vec::is_empty);
    if empty && weaviate.is_some_and(|status| matches!(status, Status::Degraded | Status::Unhealthy)) {
        answer["warning"] = json!(
            "The vector store (Weaviate) is not healthy, so an empty result proves nothing. Read aurora://health/weaviate \
             and search again later."
        );
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_result_is_believed_only_while_weaviate_is_healthy() {
        for (results, status, warns) in [
            (json!([]), Some(Status::Unhealthy), true),
            (json!([]), Some(Status::Degraded), true),
            (json!([]), Some(Status::Healthy), false),
            (json!([]), Some(Status::NotConfigured), false),
            (json!([]), None, false),
            (json!([{"content": "x"}]), Some(Status::Unhealthy), false),
        ] {
            let answer = judged(json!({"results": results}), status);
            assert_eq!(answer.get("warning").is_some(), warns, "{answer} {status:?}");
        }
    }
}
