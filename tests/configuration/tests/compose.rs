//! deploy/compose passes on what the gateway reads, with no default of its own where the gateway has the same.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use aurora_mcp_configuration::{DATABASE, GATEWAY, TELEMETRY, Unset, Variable};
use serde_json::Value;

/// What has no meaning there: the ports inside the container, and the workloads of a cluster.
const NOT_PASSED: [&str; 4] = ["MCP_PORT", "METRICS_PORT", "AURORA_NAMESPACE", "AURORA_RELEASE"];

fn passed() -> Result<BTreeMap<String, String>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/compose/compose.yaml");
    let file: Value = serde_yaml_ng::from_str(&std::fs::read_to_string(path)?)?;
    Ok(serde_json::from_value(file["services"]["gateway"]["environment"].clone())?)
}

fn read() -> impl Iterator<Item = &'static Variable> {
    GATEWAY.iter().chain(DATABASE).chain(TELEMETRY)
}

#[test]
fn compose_passes_every_variable_that_can_be_set_there_and_no_other() -> Result<()> {
    let passed: BTreeSet<String> = passed()?.into_keys().collect();
    let read = read().map(|variable| variable.name).filter(|name| !NOT_PASSED.contains(name));
    assert_eq!(passed, read.map(str::to_owned).collect());
    Ok(())
}

#[test]
fn compose_refuses_to_start_without_what_must_be_set_and_repeats_the_defaults_rightly() -> Result<()> {
    let passed = passed()?;
    for Variable { name, unset, .. } in read().filter(|variable| !NOT_PASSED.contains(&variable.name)) {
        let value = passed[*name].strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        let value = value.with_context(|| format!("{name} cannot be set from outside"))?;
        let default = value.split_once(":-").map(|(_, default)| default);
        let right = match (unset, default) {
            // Aurora's Compose project calls its Postgres so, and always has a password for it.
            (Unset::Refused, Some(default)) => default == "postgres",
            (Unset::Refused | Unset::Is("none"), None) => value.contains(":?"),
            (Unset::Is(_), default) => default == Some(""),
            // For a person at a terminal.
            (Unset::Means("json"), default) => default == Some("text"),
            (Unset::Means(ours), default) => default == Some("") || default == Some(ours),
        };
        ensure!(right, "{name} is {value} there, and {unset:?} in the gateway");
    }
    Ok(())
}
