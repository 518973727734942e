//! The page.

use crate::{DATABASE, GATEWAY, OPERATOR, TELEMETRY, Unset, Variable};

const HEAD: &str = "# Configuration

Every environment variable that operator and gateway read. The [chart](../charts/aurora-mcp/README.md) sets them from its values; `gateway.extraEnv` takes what has no value of its own. Names that Aurora also uses mean what they mean there.
A value that can't be read ends the program at its start, with the variable's name; a variable that is empty counts as not set.

This page is made by `make generate`; a test compares names and defaults with what the programs do.
";

const SECRETS: &str =
    "Secrets can be files. The gateway reads `POSTGRES_PASSWORD_FILE`, `REDIS_URL_FILE` and `INTERNAL_API_SECRET_FILE`, and they win over the variables themselves;
the operator reads `NAME_FILE` for every variable `NAME` that is not set.
";

/// The whole page.
pub fn page() -> String {
    let sections = [
        section("Gateway", "", GATEWAY),
        section("Operator", "", OPERATOR),
        section("Aurora's Postgres, for both", SECRETS, DATABASE),
        section("Logs and traces, for both", "", TELEMETRY),
    ];
    format!("{HEAD}{}", sections.concat())
}

fn section(title: &str, note: &str, variables: &[Variable]) -> String {
    let rows: String = variables.iter().map(row).collect();
    let gap = if note.is_empty() { "" } else { "\n" };
    format!(
        "\n## {title}\n\n| variable | without it | form | meaning | in the chart |\n| --- | --- | --- | --- | --- |\n{rows}{gap}{note}"
    )
}

fn row(variable: &Variable) -> String {
    let Variable { name, unset, form, meaning, chart, .. } = variable;
    let unset = match unset {
        Unset::Refused => "refused: must be set".to_owned(),
        Unset::Means(value) => format!("`{value}`"),
        Unset::Is(words) => (*words).to_owned(),
    };
    format!("| `{name}` | {unset} | {form} | {meaning} | {chart} |\n")
}
