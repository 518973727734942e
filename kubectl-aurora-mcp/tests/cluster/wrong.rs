//! Wrong input, and what the plugin says to it.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;

use crate::plugin::{Token, command, kubectl, run, run_command};

/// The kubeconfig of a service account without any right.
pub fn powerless() -> tempfile::NamedTempFile {
    let bearer = kubectl(&["create", "token", "default", "--duration=10m"]);
    let admin = Command::new("kubectl").args(["config", "view", "--raw", "--minify"]).output().unwrap();
    let mut config: serde_json::Value = serde_yaml_ng::from_slice(&admin.stdout).unwrap();
    config["users"][0]["user"] = serde_json::json!({"token": bearer.trim()});
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), config.to_string()).unwrap();
    file
}

#[test]
fn unknown_name_is_named_by_every_command() {
    for arguments in [
        &["status", "nobody"][..],
        &["revoke", "nobody"],
        &["rotate", "nobody"],
        &["suspend", "nobody"],
        &["resume", "nobody"],
    ] {
        let said = run(arguments).refused();
        assert!(said.contains("no McpToken nobody in namespace aurora-oss"), "{arguments:?}: {said}");
    }
}

#[test]
fn no_kubeconfig_says_how_to_give_one() {
    let empty = tempfile::tempdir().unwrap();
    let mut bare = command(&["status", "x"]);
    bare.env_remove("KUBECONFIG").env("HOME", empty.path());
    assert!(run_command(&mut bare).refused().contains("Set KUBECONFIG"));
    let said = run(&["status", "x", "--kubeconfig", "/nowhere/config"]).refused();
    assert!(said.contains("/nowhere/config") && said.contains("Set KUBECONFIG"), "{said}");
    let said = run(&["status", "x", "--context", "elsewhere"]).refused();
    assert!(said.contains("elsewhere"), "{said}");
}

/// A kubeconfig that leads to an address.
fn leading_to(server: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let config = serde_json::json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {}}],
    });
    std::fs::write(file.path(), config.to_string()).unwrap();
    file
}

#[test]
fn api_server_that_is_away_is_said_to_be_away() {
    // Port 9 (discard) listens nowhere.
    let file = leading_to("http://127.0.0.1:9");
    let said = run(&["status", "x", "--kubeconfig", file.path().to_str().unwrap()]).refused();
    assert!(said.contains("the API server can't be reached"), "{said}");
}

#[test]
fn missing_crd_is_told_from_a_missing_token() {
    // An API server answers so for a group that it doesn't know.
    const UNKNOWN: &[u8] =
        b"HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\ncontent-length: 19\r\nconnection: close\r\n\r\n404 page not found\n";
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let file = leading_to(&format!("http://{}", listener.local_addr().unwrap()));
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).unwrap() > 0);
        stream.write_all(UNKNOWN).unwrap();
    });
    let said = run(&["status", "x", "--kubeconfig", file.path().to_str().unwrap()]).refused();
    assert!(said.contains("the CRD mcptokens.mcp.aurora-oss.dev isn't installed"), "{said}");
    server.join().unwrap();
}

#[test]
fn missing_right_is_named() {
    let file = powerless();
    let said = run(&["status", "x", "--kubeconfig", file.path().to_str().unwrap()]).refused();
    assert!(said.contains("you may not read McpToken x") && said.contains("Ask for a Role"), "{said}");
}

#[test]
fn values_that_the_crd_refuses_are_explained_in_its_words() {
    let token = Token::named("refused");
    for (flags, words) in [
        (&["--user", "eddie@alpha.example", "--ttl", "30d"][..], "720h for 30 days"),
        (&[], "--user is missing"),
    ] {
        let said = run(&[&["create", &token.0], flags].concat()).refused();
        assert!(said.contains(words), "{flags:?}: {said}");
    }
    let misspelt = run(&["create", &token.0, "--user", "eddie@alpha.example", "--tool", "list_incident"]);
    assert!(misspelt.stderr.contains("'list_incidents'"), "{}", misspelt.stderr);
}

#[test]
fn unknown_user_is_the_operators_word_and_not_waited_for() {
    let token = Token::named("stranger");
    let said = run(&["create", &token.0, "--user", "who@nowhere.example", "--wait", "1h"]).refused();
    let undo = format!("kubectl delete mcptoken -n aurora-oss {}", token.0);
    assert!(said.contains("can't be used: UserNotFound") && said.contains(&undo), "{said}");
}

#[test]
fn existing_name_is_not_taken_over() {
    let token = Token::made("twice");
    let said = run(&["create", &token.0, "--user", "eddie@alpha.example"]).refused();
    assert!(said.contains("exists already"), "{said}");
}
