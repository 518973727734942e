//! `doctor`: which hop it blames.

use serde_json::Value;

use crate::plugin::{NAMESPACE, Token, run};

fn findings(arguments: &[&str], code: i32) -> Vec<Value> {
    let ran = run(&[&["doctor"], arguments, &["-o", "json"]].concat());
    assert_eq!(ran.code, Some(code), "{}\n{}", ran.stdout, ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["well"], code == 0);
    report["findings"].as_array().unwrap().clone()
}

fn verdict<'a>(findings: &'a [Value], hop: &str) -> &'a str {
    let found = findings.iter().find(|finding| finding["hop"] == hop);
    found.map_or("absent", |finding| finding["verdict"].as_str().unwrap())
}

#[test]
fn good_token_is_followed_to_an_answer_of_aurora() {
    let token = Token::made("well");
    let findings = findings(&[&token.0], 0);
    for hop in ["cluster", "crd", "operator", "resource", "secret", "row", "service", "gateway", "call"] {
        assert_eq!(verdict(&findings, hop), "ok", "{hop}: {findings:#?}");
    }
    let text = run(&["doctor", &token.0]).ok();
    assert!(text.contains("list_incidents answers") && text.contains("Nothing is wrong"), "{text}");
    assert!(!text.contains(&token.bearer()), "the token was printed");
}

#[test]
fn suspended_token_is_blamed_where_it_is_stopped() {
    let token = Token::made("stopped");
    run(&["suspend", &token.0]).ok();
    let findings = findings(&[&token.0], 2);
    assert_eq!(verdict(&findings, "resource"), "failed");
    assert_eq!(verdict(&findings, "secret"), "ok");
    assert_eq!(verdict(&findings, "gateway"), "failed");
    for finding in findings.iter().filter(|finding| finding["verdict"] == "failed") {
        let docs = finding["docs"].as_str().unwrap();
        assert!(!finding["hint"].as_str().unwrap().is_empty() && docs.starts_with("docs/"), "{finding}");
    }
}

#[test]
fn proxy_that_is_away_is_told_from_the_gateway() {
    let token = Token::made("proxy");
    let findings = findings(&[&token.0, "--url", "http://127.0.0.1:9/mcp"], 2);
    assert_eq!((verdict(&findings, "call"), verdict(&findings, "proxy")), ("ok", "failed"));
}

#[test]
fn unknown_name_is_blamed_on_the_resource() {
    assert_eq!(verdict(&findings(&["nobody"], 2), "resource"), "failed");
}

#[test]
fn installation_is_examined_without_a_token() {
    let here = findings(&[], 0);
    assert_eq!((verdict(&here, "operator"), verdict(&here, "service")), ("ok", "ok"));
    assert_eq!(verdict(&findings(&["--gateway-namespace", "default"], 2), "service"), "failed");
}

#[test]
fn before_an_installation_auroras_parts_are_looked_for() {
    let here = findings(&["--pre", "--aurora-release", NAMESPACE], 0);
    assert_eq!((verdict(&here, "aurora"), verdict(&here, "service")), ("ok", "ok"));
    let elsewhere = findings(&["--pre", "--aurora-release", "nothing"], 2);
    assert_eq!(verdict(&elsewhere, "aurora"), "failed");
}

#[test]
fn waiting_ends_with_the_time() {
    let ran = run(&["doctor", "nobody", "--wait", "1s"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
}
