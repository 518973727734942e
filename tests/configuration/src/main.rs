//! Prints docs/configuration.md.

use std::io::Write;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(aurora_mcp_configuration::page().as_bytes())
}
