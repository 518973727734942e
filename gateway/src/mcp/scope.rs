//! What belongs to one request: who asks, where progress goes, and what became of it.

use std::sync::{Arc, OnceLock};

use aurora_mcp_store::Principal;
use rmcp::ErrorData;
use rmcp::model::Extensions;
use serde_json::value::RawValue;

use crate::access::AccessRules;
use crate::aurora::Caller;
use crate::tools::Progress;

/// Travels from the edge to the handler in the request's extensions.
pub struct Scope {
    /// Whose token it is.
    pub principal: Arc<Principal>,
    /// What the token may do.
    pub access: AccessRules,
    /// The identity that Aurora is told.
    pub caller: Caller,
    /// Where progress goes.
    pub progress: Progress,
    failure: OnceLock<&'static str>,
    structured: OnceLock<Box<RawValue>>,
}

impl Scope {
    /// The scope of a request that has just been authenticated.
    pub fn new(principal: Arc<Principal>, caller: Caller, progress: Progress) -> Self {
        let access = AccessRules::from(principal.access.clone());
        Self { principal, access, caller, progress, failure: OnceLock::new(), structured: OnceLock::new() }
    }

    /// The scope of the request that is being handled.
    pub fn of(extensions: &Extensions) -> Result<&Arc<Self>, ErrorData> {
        extensions.get().ok_or_else(|| ErrorData::internal_error("the request has no caller", None))
    }

    /// A tool's structured content goes on as Aurora wrote it.
    pub fn pass_on(&self, structured: Box<RawValue>) {
        let _ = self.structured.set(structured);
    }

    /// Structured content that goes on as Aurora wrote it.
    pub fn passed_on(&self) -> Option<&RawValue> {
        self.structured.get().map(AsRef::as_ref)
    }

    /// A tool answered with an error; the audit line says which kind.
    pub fn note_failure(&self, category: &'static str) {
        let _ = self.failure.set(category);
    }

    /// The kind of error that a tool answered with.
    pub fn failure(&self) -> Option<&'static str> {
        self.failure.get().copied()
    }
}
