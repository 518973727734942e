//! `revoke`: nothing is left when it returns.

use crate::plugin::{Token, kubectl, run};

#[test]
fn every_replica_refuses_the_token_when_it_returns() {
    let token = Token::made("revoke");
    let said = run(&["revoke", &token.0]).ok();
    let pods =
        kubectl(&["get", "endpoints", "aurora-oss-mcp", "-o", "jsonpath={.subsets[*].addresses[*].ip}"]);
    let expected = match pods.split_whitespace().count() {
        1 => "the only replica".to_owned(),
        all => format!("all {all} replicas"),
    };
    assert!(said.contains(&expected) && said.contains(" s later"), "{said}");
    assert!(run(&["status", &token.0]).refused().contains("no McpToken"));
}

#[test]
fn token_that_would_live_on_is_not_called_revoked() {
    let token = Token::made("retain");
    let retain = r#"{"spec": {"deletionPolicy": "Retain"}}"#;
    kubectl(&["patch", "mcptoken", &token.0, "--type=merge", "-p", retain]);
    let said = run(&["revoke", &token.0]).refused();
    assert!(said.contains("would go on working"), "{said}");
    let leaving = kubectl(&["get", "mcptoken", &token.0, "-o", "jsonpath={.metadata.deletionTimestamp}"]);
    assert_eq!(leaving, "", "it was deleted all the same");
    kubectl(&["patch", "mcptoken", &token.0, "--type=merge", "-p", &retain.replace("Retain", "Revoke")]);
}

#[test]
fn nothing_is_deleted_where_nobody_can_be_asked() {
    let token = Token::named("unasked");
    run(&["create", &token.0, "--user", "who@nowhere.example", "--wait", "0s"]).ok();
    let said = run(&["revoke", &token.0]).refused();
    assert!(said.contains("Nothing was deleted") && said.contains("kubectl delete mcptoken"), "{said}");
    kubectl(&["get", "mcptoken", &token.0]);
}
