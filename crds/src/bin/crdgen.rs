//! Prints the `CustomResourceDefinition` as YAML; `crds/mcptokens.yaml` is its output.

use std::io::Write as _;

use aurora_mcp_crds::McpToken;
use kube::CustomResourceExt as _;

fn main() -> std::io::Result<()> {
    let yaml = serde_yaml_ng::to_string(&McpToken::crd()).map_err(std::io::Error::other)?;
    std::io::stdout().write_all(yaml.as_bytes())
}
