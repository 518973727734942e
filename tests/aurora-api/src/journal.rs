//! What the stand-in was sent, so that tests can assert it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::audit::Violation;
use crate::received::Received;

/// Older entries are dropped beyond this, so that a soak does not fill the memory.
const CAPACITY: usize = 10_000;

/// One request and what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    pub method: String,
    /// As on the wire: nothing is decoded.
    pub path: String,
    pub query: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
    /// The rule that was broken, if any.
    pub violation: Option<Violation>,
    /// The status that was answered; none when the connection was dropped.
    pub status: Option<u16>,
}

impl Entry {
    pub fn new(request: &Received, violation: Option<Violation>) -> Self {
        let mut headers: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in &request.headers {
            let text = headers.entry(name.to_string()).or_default();
            if !text.is_empty() {
                text.push_str(", ");
            }
            text.push_str(&String::from_utf8_lossy(value.as_bytes()));
        }
        Self {
            method: request.method.to_string(),
            path: request.raw_path.clone(),
            query: request.raw_query.clone(),
            headers,
            body: String::from_utf8_lossy(&request.body).into_owned(),
            violation,
            status: None,
        }
    }

    /// Bytes that were no HTTP request, for instance a raw space or newline in the path.
    pub fn unreadable() -> Self {
        Self {
            method: String::new(),
            path: String::new(),
            query: String::new(),
            headers: BTreeMap::new(),
            body: String::new(),
            violation: Some(Violation::Unreadable),
            status: Some(400),
        }
    }
}

#[derive(Debug, Default, Serialize)]
pub struct Journal {
    requests: Vec<Entry>,
    /// How many requests broke a rule since the start; clearing the requests does not forgive them.
    violations: u64,
}

impl Journal {
    pub fn record(&mut self, entry: Entry) {
        self.violations += u64::from(entry.violation.is_some());
        if self.requests.len() >= CAPACITY {
            self.requests.remove(0);
        }
        self.requests.push(entry);
    }

    pub fn clear(&mut self) {
        self.requests.clear();
    }
}
