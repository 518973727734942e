//! A pod of the gateway goes while a client is connected. Apart from the other tests, which need that pod.
#![expect(clippy::unwrap_used, reason = "a test that can't go on is a failed one")]

#[path = "cluster/plugin.rs"]
#[expect(dead_code, reason = "the other tests use the rest")]
mod plugin;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use plugin::{Token, command, kubectl};

const READY: &str = "app.kubernetes.io/name=aurora-mcp,app.kubernetes.io/component=gateway";

struct Connected(Child);

impl Drop for Connected {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The status of a call on a connection of its own.
fn call(url: &str, bearer: &str) -> String {
    let output = Command::new("curl")
        .args([
            "-s",
            "-m",
            "60",
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
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn open_port_outlives_every_pod_that_it_led_to() {
    let (token, home) = (Token::made("pods"), tempfile::tempdir().unwrap());
    let mut plugin = command(&["connect", &token.0, "--client", "cursor", "--port", "0"]);
    let mut child = Connected(plugin.env("HOME", home.path()).stdout(Stdio::piped()).spawn().unwrap());
    let lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let open = lines.map(Result::unwrap).find(|line| line.contains("stays open")).unwrap();
    let (url, bearer) = (open.split(' ').next().unwrap(), token.bearer());
    assert_eq!(call(url, &bearer), "200");
    // One after the other, so that something serves all the time, and none of those it led to is left.
    for pod in kubectl(&["get", "pods", "-l", READY, "-o", "name"]).split_whitespace() {
        kubectl(&["delete", pod, "--wait=true"]);
        kubectl(&["rollout", "status", "deployment/aurora-mcp-gateway", "--timeout=120s"]);
        assert_eq!(call(url, &bearer), "200", "after {pod} went");
    }
}
