//! The documentation holds what it says. These need no cluster.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All Markdown files for people.
fn pages() -> Result<Vec<(PathBuf, String)>> {
    let mut pages = Vec::new();
    for directory in ["", "docs", "docs/adr", "tests/testbed"] {
        for entry in std::fs::read_dir(root().join(directory))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "md") {
                let text = std::fs::read_to_string(&path)?;
                pages.push((path, text));
            }
        }
    }
    ensure!(pages.len() > 10, "only {} pages were found", pages.len());
    Ok(pages)
}

#[test]
fn every_link_leads_somewhere() -> Result<()> {
    for (page, text) in pages()? {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.starts_with("http") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { page.with_file_name(file) };
            ensure!(target.exists(), "{}: {link} does not exist", page.display());
            ensure!(
                anchor.is_empty() || has_heading(&target, anchor)?,
                "{}: {link} has no such heading",
                page.display()
            );
        }
    }
    Ok(())
}

fn has_heading(page: &Path, anchor: &str) -> Result<bool> {
    let slug = |heading: &str| {
        heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-").replace(['?', ','], "")
    };
    Ok(std::fs::read_to_string(page)?
        .lines()
        .filter(|line| line.starts_with('#'))
        .any(|line| slug(line) == anchor))
}

/// The guide's own list is compared with the gateway's tools in `gateway/src/tools`.
#[test]
fn the_front_page_lists_the_tools_of_the_guide() -> Result<()> {
    let read = |page: &str| std::fs::read_to_string(root().join(page));
    let (guide, front) = (read("docs/clients.md")?, read("README.md")?);
    let section = |text: &str, from: &str, to: &str| -> Result<String> {
        let rest = text.split_once(from).with_context(|| format!("{from} is missing"))?.1;
        Ok(rest.split_once(to).with_context(|| format!("{to} is missing"))?.0.to_owned())
    };
    let listed = section(&guide, "## What a client finds", "| resource | is |")?;
    let tools: Vec<&str> =
        listed.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    ensure!(tools.len() >= 25, "only {} tools were found", tools.len());
    let front = section(&front, "## What an assistant finds", "## Where to read on")?;
    for tool in &tools {
        ensure!(front.contains(&format!("`{tool}`")), "README.md does not list {tool}");
    }
    Ok(())
}

/// Every claim of the threat model that names a test or a file names one that there is.
#[test]
fn what_holds_a_claim_about_security_exists() -> Result<()> {
    let mut tests = BTreeSet::new();
    for room in ["gateway", "operator", "store", "crds", "kubectl-aurora-mcp", "telemetry", "tests"] {
        names_of_tests(&root().join(room), &mut tests)?;
    }
    let page = std::fs::read_to_string(root().join("docs/security.md"))?;
    let named: Vec<&str> = page.lines().filter(|line| line.starts_with("| ")).flat_map(quoted).collect();
    let held = named.iter().filter(|name| name.matches('_').count() > 2 && !name.contains('/'));
    let held: Vec<_> = held.collect();
    ensure!(held.len() > 30, "only {} tests are named", held.len());
    for name in held {
        ensure!(tests.contains(*name), "docs/security.md: there is no test {name}");
    }
    for file in named.iter().filter(|name| name.contains('/') && Path::new(name).extension().is_some()) {
        ensure!(root().join(file).exists(), "docs/security.md: there is no {file}");
    }
    Ok(())
}

/// What stands between backticks.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn names_of_tests(directory: &Path, tests: &mut BTreeSet<String>) -> Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            names_of_tests(&path, tests)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path)?;
            let functions = text.split("fn ").skip(1).filter_map(|rest| rest.split('(').next());
            tests.extend(functions.map(str::to_owned));
        }
    }
    Ok(())
}

#[test]
fn chart_values_in_the_documentation_exist() -> Result<()> {
    let values = std::fs::read(root().join("charts/aurora-mcp/values.yaml"))?;
    let values: Value = serde_yaml_ng::from_slice(&values)?;
    let rooms: BTreeSet<&str> =
        values.as_object().context("values.yaml is a map")?.keys().map(String::as_str).collect();
    let mut seen = 0;
    for (page, text) in pages()? {
        for word in text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '.')) {
            let mut steps = word.split('.');
            if !steps.next().is_some_and(|room| rooms.contains(room))
                || !word.contains('.')
                || word.ends_with('.')
            {
                continue;
            }
            let known = values.pointer(&format!("/{}", word.replace('.', "/"))).is_some();
            ensure!(known, "{}: values.yaml has no {word}", page.display());
            seen += 1;
        }
    }
    ensure!(seen > 10, "only {seen} values were found in the documentation");
    Ok(())
}

#[test]
fn map_for_developers_stays_short_and_names_rooms_that_exist() -> Result<()> {
    let text = std::fs::read_to_string(root().join("docs/architecture.md"))?;
    ensure!(text.lines().count() <= 130, "architecture.md is too long to be a map");
    let rooms = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .filter(|room| room.ends_with('/'));
    for room in rooms {
        ensure!(root().join(room).is_dir(), "there is no {room}");
    }
    Ok(())
}

#[test]
fn every_reason_of_a_condition_is_explained() -> Result<()> {
    let source = std::fs::read_to_string(root().join("operator/plan/src/reason.rs"))?;
    let page = std::fs::read_to_string(root().join("docs/tokens.md"))?;
    let reasons: Vec<&str> =
        source.lines().filter_map(|line| line.split_once(" => \"")?.1.split('"').next()).collect();
    ensure!(reasons.len() > 10, "only {} reasons were found", reasons.len());
    for reason in reasons {
        ensure!(page.contains(&format!("`{reason}`")), "docs/tokens.md does not explain {reason}");
    }
    Ok(())
}

#[test]
fn every_field_of_a_spec_is_documented() -> Result<()> {
    let crd: Value = serde_yaml_ng::from_slice(&std::fs::read(root().join("crds/mcptokens.yaml"))?)?;
    let page = std::fs::read_to_string(root().join("docs/tokens.md"))?;
    let fields = crd.pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties");
    for field in fields.and_then(Value::as_object).context("the CRD has no fields")?.keys() {
        ensure!(page.contains(&format!("`spec.{field}`")), "docs/tokens.md does not explain spec.{field}");
    }
    Ok(())
}
