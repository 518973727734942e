//! Which installation of the operator serves an McpToken: the first that saw it, until somebody moves it.

use aurora_mcp_crds::{INSTALLATION_ANNOTATION, McpToken};

/// The installation that an McpToken belongs to, if one has claimed it.
pub fn claim(resource: &McpToken) -> Option<&str> {
    let annotations = resource.metadata.annotations.as_ref()?;
    annotations.get(INSTALLATION_ANNOTATION).map(String::as_str).filter(|claim| !claim.is_empty())
}

/// True if another installation serves this McpToken: then nothing of it is ours to touch, its status included.
pub fn is_foreign(resource: &McpToken, installation: &str) -> bool {
    claim(resource).is_some_and(|claim| claim != installation)
}
