//! The knowledge base: one captured document, searched by word.

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::people::ALPHA;
use crate::samples::{SampleError, Samples};

const DEFAULT_LIMIT: i64 = 5;
const MAX_LIMIT: i64 = 20;

/// The chunks of Alpha's documents. Beta has none.
#[derive(Debug)]
pub struct Knowledge {
    chunks: Vec<Value>,
}

impl Knowledge {
    pub fn load(samples: &Samples) -> Result<Self, SampleError> {
        let found = samples.body("kb_search")?;
        Ok(Self { chunks: found["results"].as_array().cloned().unwrap_or_default() })
    }

    pub fn search(&self, org: &str, body: &Value) -> Answer {
        let query = body["query"].as_str().map(str::trim).unwrap_or_default();
        if query.is_empty() {
            return Answer::error(StatusCode::BAD_REQUEST, "Query is required");
        }
        let limit = body["limit"].as_i64().filter(|limit| (1..=MAX_LIMIT).contains(limit));
        let limit = usize::try_from(limit.unwrap_or(DEFAULT_LIMIT)).unwrap_or(0);
        let chunks = if org == ALPHA { self.chunks.as_slice() } else { &[] };
        let results: Vec<&Value> = chunks.iter().filter(|chunk| mentions(chunk, query)).take(limit).collect();
        Answer::ok(json!({ "query": query, "results": results }))
    }
}

fn mentions(chunk: &Value, query: &str) -> bool {
    let text = chunk["content"].as_str().unwrap_or_default().to_lowercase();
    query.to_lowercase().split_whitespace().any(|word| text.contains(word))
}
