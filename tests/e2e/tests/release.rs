//! What a release is made of agrees with itself. These need no cluster.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: impl AsRef<Path>) -> Result<String> {
    let path = root().join(path);
    std::fs::read_to_string(&path).with_context(|| path.display().to_string())
}

/// The word that follows `before`.
fn word_after<'a>(text: &'a str, before: &str) -> Result<&'a str> {
    let rest = text.split_once(before).with_context(|| format!("{before} is missing"))?.1;
    rest.split(['"', '-', ' ', '\n']).find(|word| !word.is_empty()).context("nothing follows")
}

fn workflows() -> Result<Vec<(PathBuf, String)>> {
    let mut workflows = Vec::new();
    for entry in std::fs::read_dir(root().join(".github/workflows"))? {
        let path = entry?.path();
        workflows.push((path.clone(), read(&path)?));
    }
    ensure!(!workflows.is_empty(), "there are no workflows");
    Ok(workflows)
}

#[test]
fn the_chart_has_the_version_of_the_programs() -> Result<()> {
    let chart: Value = serde_yaml_ng::from_str(&read("charts/aurora-mcp/Chart.yaml")?)?;
    for field in ["version", "appVersion"] {
        ensure!(
            chart[field] == env!("CARGO_PKG_VERSION"),
            "Chart.yaml: {field} is {}, the workspace is {}",
            chart[field],
            env!("CARGO_PKG_VERSION")
        );
    }
    Ok(())
}

#[test]
fn the_image_is_built_by_the_compiler_that_the_checks_use_and_not_an_older_one_than_is_promised() -> Result<()>
{
    let image = read("Containerfile")?;
    let compiler = word_after(&image, "library/rust:")?;
    for (path, text) in workflows()? {
        for line in text.lines().filter(|line| line.contains("rustup")) {
            ensure!(
                line.contains(&format!("{compiler}.0")),
                "{}: not Rust {compiler}: {line}",
                path.display()
            );
        }
    }
    let manifest = read("Cargo.toml")?;
    let number = |version: &str| -> Result<Vec<u32>> {
        Ok(version.split('.').map(str::parse).collect::<Result<_, _>>()?)
    };
    ensure!(number(compiler)? >= number(word_after(&manifest, "rust-version = ")?)?);
    Ok(())
}

#[test]
fn the_image_of_a_release_holds_what_the_tested_one_holds() -> Result<()> {
    for file in ["Containerfile", "tests/testbed/images.sh"] {
        ensure!(read(file)?.contains("deploy/image/rootfs.sh"), "{file} fills the image in a way of its own");
    }
    ensure!(read("Containerfile")?.contains("USER 65532:65532"), "the image runs as root");
    ensure!(read("Containerfile")?.contains("cargo build --release --locked"), "Cargo.lock may change");
    Ok(())
}

#[test]
fn workflows_pin_each_action_to_a_commit_and_ask_for_the_least_rights() -> Result<()> {
    for (path, text) in workflows()? {
        for used in text.lines().filter_map(|line| line.split_once("uses: ")) {
            let commit = used.1.split_once('@').map_or("", |(_, version)| version);
            let commit = commit.split(' ').next().unwrap_or_default();
            ensure!(
                commit.len() == 40 && commit.chars().all(|digit| digit.is_ascii_hexdigit()),
                "{}: {} can change under us",
                path.display(),
                used.1
            );
        }
        ensure!(
            text.contains("\npermissions:\n  contents: read\n"),
            "{}: has more rights than reading",
            path.display()
        );
    }
    Ok(())
}

#[test]
fn the_chart_of_a_release_installs_its_very_image_without_a_value() -> Result<()> {
    const IMAGE: &str = "ghcr.io/example/aurora-mcp";
    let digest = format!("sha256:{}", "0".repeat(64));
    let directory = tempfile::tempdir()?;
    let packed = Command::new(root().join("deploy/release/chart.sh"))
        .args([IMAGE, &digest])
        .arg(directory.path())
        .output()
        .context("starting chart.sh")?;
    ensure!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
    let chart = directory.path().join(format!("aurora-mcp-{}.tgz", env!("CARGO_PKG_VERSION")));
    let rendered = Command::new("helm").args(["template", "aurora-mcp"]).arg(chart).output()?;
    let text = String::from_utf8_lossy(&rendered.stdout);
    let images: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix("image: ")).collect();
    let wanted = format!("{IMAGE}@{digest}");
    ensure!(images.len() >= 2 && images.iter().all(|image| *image == wanted), "{images:?}");
    Ok(())
}
