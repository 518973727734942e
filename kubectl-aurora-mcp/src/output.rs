//! Forms of output.

use std::io::Write;

use serde::Serialize;

use crate::error::Error;

/// How an answer is printed.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// A command of the plugin, whole: it works wherever the context leads.
pub(crate) fn command(verb: &str, namespace: &str, name: &str) -> String {
    format!("kubectl aurora-mcp {verb} -n {namespace} {name}")
}

/// Prints a value as JSON.
pub(crate) fn json(out: &mut dyn Write, value: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Error::Internal(error.to_string()))?;
    writeln!(out, "{text}")?;
    Ok(())
}
