//! Made, rotated, suspended, shown.

use crate::plugin::{Token, kubectl, run};

#[test]
fn created_token_is_shown_with_its_whole_chain() {
    let token = Token::made("create");
    let status = token.status();
    assert_eq!(status["ready"], true);
    assert_eq!(status["secret"]["found"]["owned"], true);
    assert_eq!(status["service"]["found"]["namespace"], "aurora-oss");
    assert!(status["service"]["found"]["ready"]["found"].as_u64() >= Some(1), "{status:#}");
    assert_eq!(status["events"]["found"][0]["reason"], "TokenIssued");
    let text = run(&["status", &token.0]).ok();
    assert!(text.contains("eddie@alpha.example") && text.contains("(RowActive)"), "{text}");
    let bearer = token.bearer();
    assert!(!text.contains(&bearer) && !status.to_string().contains(&bearer), "a token was shown");
}

#[test]
fn rotation_ends_with_another_token() {
    let token = Token::made("rotate");
    let before = token.bearer();
    let said = run(&["rotate", &token.0]).ok();
    assert!(said.contains("The one before it works until"), "{said}");
    assert_ne!(token.bearer(), before);
    assert_eq!(token.status()["status"]["serial"], 2);
}

#[test]
fn suspended_token_works_again_when_resumed() {
    let token = Token::made("suspend");
    run(&["suspend", &token.0]).ok();
    assert_eq!(token.status()["ready"], false);
    run(&["resume", &token.0]).ok();
    assert_eq!(token.status()["ready"], true);
}

#[test]
fn unknown_tools_are_warned_of_when_a_token_is_waited_for() {
    let token = Token::made("unknown");
    let change = r#"{"spec": {"suspended": true, "access": {"tools": ["list_incident"]}}}"#;
    kubectl(&["patch", "mcptoken", &token.0, "--type=merge", "-p", change]);
    let said = run(&["resume", &token.0]).ok();
    assert!(said.contains("warning: ") && said.contains("list_incident"), "{said}");
}

#[test]
fn dry_run_prints_what_kubectl_accepts_and_makes_nothing() {
    let token = Token::named("dry");
    let flags = ["create", &token.0, "--user", "eddie@alpha.example", "--read-only", "--dry-run"];
    let yaml = run(&flags).ok();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &yaml).unwrap();
    kubectl(&["create", "--dry-run=server", "-f", file.path().to_str().unwrap()]);
    assert!(run(&["status", &token.0]).refused().contains("no McpToken"));
}
