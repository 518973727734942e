//! The knowledge base and `SharePoint`: where runbooks are (contract §5.1, §6).

use serde_json::{Value, json};

use super::call::Call;
use super::{AsUser, AuroraError};

impl AsUser<'_> {
    /// `{query, results}`, best first. Aurora answers an empty list as well when Weaviate is down (contract §1 #12).
    pub async fn search_knowledge(&self, query: &str, limit: u32) -> Result<Value, AuroraError> {
        let body = json!({"query": query, "limit": limit});
        self.send(Call::post(&["api", "knowledge-base", "search"], body)).await?.value()
    }

    /// `{documents, usage}`.
    pub async fn knowledge_documents(&self) -> Result<Value, AuroraError> {
        self.send(Call::get(&["api", "knowledge-base", "documents"])).await?.value()
    }

    /// Pages and documents of `SharePoint`.
    pub async fn search_sharepoint(&self, query: &str, limit: u32) -> Result<Value, AuroraError> {
        let body = json!({"query": query, "maxResults": limit});
        self.send(Call::post(&["sharepoint", "search"], body)).await?.value()
    }

    /// Sites of `SharePoint`.
    pub async fn sharepoint_sites(&self) -> Result<Value, AuroraError> {
        self.send(Call::get(&["sharepoint", "sites"])).await?.value()
    }
}
