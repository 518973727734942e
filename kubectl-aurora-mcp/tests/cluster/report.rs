//! `report`: what is in it, and what isn't.

use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use crate::plugin::{Token, run};

fn read(path: &Path) -> Vec<(String, String)> {
    let file = std::fs::File::open(path).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let mut files = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        files.push((entry.path().unwrap().display().to_string(), text));
    }
    files
}

#[test]
fn report_tells_of_everything_but_holds_no_token() {
    let (token, folder) = (Token::made("report"), tempfile::tempdir().unwrap());
    let path = folder.path().join("report.tar.gz");
    run(&["report", "--file", path.to_str().unwrap()]).ok();
    let files = read(&path);
    for part in [
        "mcptokens.json",
        "secrets-metadata.json",
        "events.json",
        "services.json",
        "deployments.json",
        "pods.json",
        "logs/",
    ] {
        assert!(files.iter().any(|(name, _)| name.contains(part)), "no {part}");
    }
    let all: String = files.into_iter().map(|(_, text)| text).collect();
    assert!(all.contains(&token.0), "the token's resource is missing");
    let bearer = token.bearer();
    // Not even a part that is longer than the preview.
    let part = bearer.get(.."aurora_mcp_".len() + 7).unwrap();
    assert!(!all.contains(part), "a token is in the report");
    for secret in ["testbed-aurora", "eddie@alpha.example"] {
        assert!(!all.contains(secret), "{secret} is in the report");
    }
    let mut digests = all.split("token-digest\": \"").skip(1).peekable();
    assert!(digests.peek().is_some(), "the Secrets' annotations are missing");
    assert!(digests.all(|rest| rest.starts_with("sha256:<redacted>")), "a digest is in the report");
}

#[test]
fn existing_file_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.tar.gz");
    std::fs::write(&path, "mine").unwrap();
    let said = run(&["report", "--no-logs", "--file", path.to_str().unwrap()]).refused();
    assert!(said.contains("report.tar.gz"), "{said}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
}

#[test]
fn rights_that_lack_are_noted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.tar.gz");
    let config = crate::wrong::powerless();
    let file = path.to_str().unwrap();
    run(&["report", "--kubeconfig", config.path().to_str().unwrap(), "--file", file]).ok();
    let files = read(&path);
    let (_, missing) = files.iter().find(|(name, _)| name.ends_with("missing.txt")).unwrap();
    assert!(missing.contains("mcptokens in aurora-oss: you may not see it"), "{missing}");
    let listed = Command::new("tar").args(["-tzf", file]).output().unwrap();
    assert!(listed.status.success(), "tar can't read it");
}
