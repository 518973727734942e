//! Runs the plugin, and cleans up what it made.

use std::process::{Command, Output};

use serde_json::Value;

/// Where the chart is installed.
pub const NAMESPACE: &str = "aurora-oss";

/// How a run ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// What it printed, if it succeeded.
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}\n{}", self.stdout, self.stderr);
        self.stdout
    }

    /// What it complained of.
    pub fn refused(self) -> String {
        assert_eq!(self.code, Some(1), "{}\n{}", self.stdout, self.stderr);
        self.stderr
    }
}

/// The plugin, with the test bed's kubeconfig and namespace.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-aurora_mcp"));
    command.args(["-n", NAMESPACE]).args(arguments);
    command
}

/// Runs it to its end.
pub fn run(arguments: &[&str]) -> Ran {
    Ran::of(&command(arguments).output().unwrap())
}

/// Runs a changed command.
pub fn run_command(command: &mut Command) -> Ran {
    Ran::of(&command.output().unwrap())
}

/// kubectl in the namespace.
pub fn kubectl(arguments: &[&str]) -> String {
    Ran::of(&Command::new("kubectl").args(["-n", NAMESPACE]).args(arguments).output().unwrap()).ok()
}

/// An McpToken of one test. It goes with the value.
pub struct Token(pub String);

impl Token {
    /// A name that no other test and no earlier run has.
    pub fn named(test: &str) -> Self {
        Self(format!("plugin-{test}-{}", std::process::id()))
    }

    /// Made by the plugin for the test bed's editor.
    pub fn made(test: &str) -> Self {
        let token = Self::named(test);
        run(&["create", &token.0, "--user", "eddie@alpha.example", "--ttl", "1h"]).ok();
        token
    }

    /// The bearer token.
    pub fn bearer(&self) -> String {
        kubectl(&["get", "secret", &self.0, "-o", "go-template={{.data.token | base64decode}}"])
    }

    /// `status -o json`.
    pub fn status(&self) -> Value {
        serde_json::from_str(&run(&["status", &self.0, "-o", "json"]).ok()).unwrap()
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        let mut kubectl = Command::new("kubectl");
        kubectl.args(["-n", NAMESPACE, "delete", "mcptoken", "--ignore-not-found", "--wait=false", &self.0]);
        let _ = kubectl.output();
    }
}
