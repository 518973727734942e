//! `connect`: a client's file, a call, a port that stays.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use crate::plugin::{Token, command, kubectl, run, run_command};

/// A port-forward of the plugin. It ends with the value.
struct Connected(Child);

impl Drop for Connected {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn post(url: &str, bearer: &str) -> u16 {
    let output = std::process::Command::new("curl")
        .args([
            "-s",
            "-m",
            "30",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "-H",
            "content-type: application/json",
        ])
        .args([
            "-H",
            "accept: application/json, text/event-stream",
            "-H",
            &format!("authorization: Bearer {bearer}"),
        ])
        .args(["-d", r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#, url])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).parse().unwrap()
}

fn connect(home: &Path, arguments: &[&str]) -> crate::plugin::Ran {
    run_command(command(&["connect"]).args(arguments).args(["--once", "--port", "0"]).env("HOME", home))
}

#[test]
fn one_command_leads_from_nothing_to_a_call() {
    let (token, home) = (Token::named("connect"), tempfile::tempdir().unwrap());
    let flags = [token.0.as_str(), "--client", "cursor", "--user", "eddie@alpha.example", "--ttl", "1h"];
    let said = connect(home.path(), &flags).ok();
    for words in [
        "made in namespace",
        "list_incidents works",
        "user eddie@alpha.example of organisation",
        "mcp.json: made",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    let written = std::fs::read_to_string(home.path().join(".cursor/mcp.json")).unwrap();
    let bearer = token.bearer();
    assert!(written.contains(&format!("Bearer {bearer}")), "{said}");
    assert!(!said.contains(&bearer), "the token was printed");
}

#[test]
fn limited_token_connects_without_the_call() {
    let (token, home) = (Token::named("limited"), tempfile::tempdir().unwrap());
    let flags = [
        &token.0,
        "--client",
        "codex",
        "--user",
        "eddie@alpha.example",
        "--ttl",
        "1h",
        "--tool",
        "get_incident",
    ];
    let said = connect(home.path(), &flags).ok();
    assert!(said.contains("with 1 tools") && !said.contains("list_incidents works"), "{said}");
}

#[test]
fn open_port_carries_one_connection_after_another() {
    let (token, home) = (Token::made("forward"), tempfile::tempdir().unwrap());
    let mut plugin = command(&["connect", &token.0, "--client", "vscode", "--port", "0"]);
    let mut child = Connected(plugin.env("HOME", home.path()).stdout(Stdio::piped()).spawn().unwrap());
    let lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let open = lines.map(Result::unwrap).find(|line| line.contains("stays open")).unwrap();
    let url = open.split(' ').next().unwrap();
    let bearer = token.bearer();
    // Each of these is a connection of its own.
    for _ in 0..3 {
        assert_eq!(post(url, &bearer), 200);
    }
    assert_eq!(post(url, "aurora_mcp_wrong"), 401);
}

#[test]
fn port_that_is_taken_is_named_with_the_flag_for_another() {
    let (token, home) = (Token::made("taken"), tempfile::tempdir().unwrap());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let arguments = ["connect", &token.0, "--client", "cursor", "--once", "--port", &port];
    let said = run_command(command(&arguments).env("HOME", home.path())).refused();
    assert!(said.contains(&format!("port {port}")) && said.contains("--port"), "{said}");
}

#[test]
fn broken_file_is_left_untouched_and_nothing_is_made() {
    let (token, home) = (Token::named("broken"), tempfile::tempdir().unwrap());
    let file = home.path().join("mcp.json");
    std::fs::write(&file, "{\"mcpServers\": oops").unwrap();
    let flags =
        [&token.0, "--client", "cursor", "--user", "eddie@alpha.example", "--file", file.to_str().unwrap()];
    let said = connect(home.path(), &flags).refused();
    assert!(said.contains("is left as it is") && said.contains("not JSON"), "{said}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "{\"mcpServers\": oops");
    assert!(!kubectl(&["get", "mcptoken", "-o", "name"]).contains(&token.0));
}

#[test]
fn file_that_cannot_be_written_is_named() {
    let (token, home) = (Token::made("unwritable"), tempfile::tempdir().unwrap());
    // A file where a folder should be: not even root can write below it.
    std::fs::write(home.path().join("flat"), "").unwrap();
    let file = home.path().join("flat/mcp.json");
    let said =
        connect(home.path(), &[&token.0, "--client", "cursor", "--file", file.to_str().unwrap()]).refused();
    assert!(said.contains("flat/mcp.json"), "{said}");
}

#[test]
fn missing_token_and_missing_gateway_say_what_to_give() {
    let home = tempfile::tempdir().unwrap();
    let said = connect(home.path(), &["nobody", "--client", "cursor"]).refused();
    assert!(said.contains("give --user to make one"), "{said}");
    let token = Token::made("lost");
    let said =
        connect(home.path(), &[&token.0, "--client", "cursor", "--gateway-namespace", "default"]).refused();
    assert!(said.contains("no Service aurora-oss-mcp in namespace default"), "{said}");
    let said =
        connect(home.path(), &[&token.0, "--client", "cursor", "--url", "http://127.0.0.1:9/mcp"]).refused();
    assert!(said.contains("doesn't answer"), "{said}");
    assert!(run(&["connect", &token.0, "--client", "emacs"]).stderr.contains("possible values"));
}
