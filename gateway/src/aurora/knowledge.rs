//! `/api/knowledge-base` (contract §6).

use serde_json::{Value, json};

use super::client::Call;
use super::{AsUser, AuroraError};

impl AsUser<'_> {
    /// `{query, results}`, best first. Aurora answers an empty list as well when Weaviate is down (contract §1 #12).
    pub async fn search_knowledge(&self, query: &str, limit: u32) -> Result<Value, AuroraError> {
        let body = json!({"query": query, "limit": limit});
        self.send(Call::post(&["api", "knowledge-base", "search"], body)).await?.value()
    }
}
