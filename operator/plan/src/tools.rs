//! Names in `spec.access.tools` that no tool has. They limit all the same: a warning, because a newer gateway may know them.

use aurora_mcp_crds::McpToken;
use aurora_mcp_token::TOOLS;

/// What to say about the names, if there is something to say.
pub(crate) fn warning(resource: &McpToken) -> Option<String> {
    let wanted = resource.spec.access.as_ref()?.tools.as_ref()?;
    let unknown: Vec<&str> =
        wanted.iter().map(String::as_str).filter(|name| !TOOLS.contains(name)).take(10).collect();
    (!unknown.is_empty()).then(|| {
        format!(
            "spec.access.tools names what no tool of this version is called: {}. The tools are {}.",
            unknown.join(", "),
            TOOLS.join(", ")
        )
    })
}
