//! By way of kubectl itself: it finds the plugin by its name, and asks it for completion.

use std::process::Command;

use crate::plugin::{NAMESPACE, Token, run};

#[test]
#[expect(clippy::disallowed_methods, reason = "kubectl looks for plugins in PATH")]
fn kubectl_finds_plugin_and_completion() {
    let (token, folder) = (Token::made("kubectl"), tempfile::tempdir().unwrap());
    let plugin = env!("CARGO_BIN_EXE_kubectl-aurora_mcp");
    std::os::unix::fs::symlink(plugin, folder.path().join("kubectl-aurora_mcp")).unwrap();
    let script = folder.path().join("kubectl_complete-aurora_mcp");
    std::fs::write(&script, run(&["completion", "kubectl"]).ok()).unwrap();
    Command::new("chmod").arg("+x").arg(&script).status().unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let kubectl = |arguments: &[&str]| {
        let output = Command::new("kubectl").args(arguments).env("PATH", &path).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let shown = kubectl(&["aurora-mcp", "status", "-n", NAMESPACE, &token.0]);
    assert!(shown.contains("Ready      yes"), "{shown}");
    let offered = kubectl(&["__complete", "aurora-mcp", "-n", NAMESPACE, "status", "plugin-kubectl"]);
    assert!(offered.lines().any(|line| line == token.0), "{offered}");
}

#[test]
fn shells_get_their_scripts() {
    for (shell, word) in [("bash", "complete -F"), ("zsh", "#compdef"), ("fish", "complete -c")] {
        let script = run(&["completion", shell]).ok();
        assert!(script.contains(word) && script.contains("revoke"), "{shell}");
    }
}
