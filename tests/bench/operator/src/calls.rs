//! Calls of the API server, as it counts them itself.

use std::collections::BTreeMap;

use anyhow::Result;
use kube::Client;

use crate::counters::{Counters, label};

/// Objects that McpTokens are about; what else is called (Leases, above all) happens without them too.
const RESOURCES: [&str; 5] = ["mcptokens", "secrets", "services", "events", "namespaces"];

/// Numbers of calls by verb and resource.
#[derive(Debug, Clone, Default)]
pub struct Calls(BTreeMap<String, f64>);

impl Calls {
    /// All calls so far.
    pub async fn so_far(client: &Client) -> Result<Self> {
        let text = client.request_text(http::Request::get("/metrics").body(Vec::new())?).await?;
        let mut calls = BTreeMap::new();
        for (series, count) in Counters::parse(&text, "apiserver_request_total{").series() {
            let (verb, resource) = (label(series, "verb"), label(series, "resource"));
            if let (Some(verb), Some(resource)) = (verb, resource)
                && RESOURCES.contains(&resource)
                && !matches!(verb, "LIST" | "WATCH")
            {
                let part = label(series, "subresource").filter(|part| !part.is_empty());
                let name =
                    format!("{verb} {resource}{}", part.map(|part| format!("/{part}")).unwrap_or_default());
                *calls.entry(name).or_default() += count;
            }
        }
        Ok(Self(calls))
    }

    /// Those of them that came after `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let more = |name: &String, count: &f64| count - before.0.get(name).unwrap_or(&0.0);
        let new = self.0.iter().map(|(name, count)| (name.clone(), more(name, count)));
        Self(new.filter(|(_, count)| *count > 0.0).collect())
    }

    /// Without those of one name.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    /// Those that change something.
    pub fn writes(&self) -> f64 {
        self.0.iter().filter(|(name, _)| !name.starts_with("GET ")).fold(0.0, |sum, (_, count)| sum + count)
    }

    /// By name, such as `PATCH mcptokens/status`.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, count)| (name.as_str(), *count))
    }
}
