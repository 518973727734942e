//! Prints the reference of `McpToken` as Markdown; `docs/reference/mcptoken.md` is its output.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(aurora_mcp_crds::reference::page().as_bytes())
}
