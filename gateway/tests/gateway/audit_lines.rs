//! The log of the program itself: no audit line is lost, and none waits for the next one.

use std::collections::HashMap;
use std::process::Stdio;
use std::time::Duration;

use futures::future::join_all;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

use crate::world::{ALICES, World, run, variables};

/// No other line comes by that an audit line could come with.
const FILTER: &str = "audit=info,aurora_mcp_gateway::gateway=info";
const PATIENCE: Duration = Duration::from_secs(20);

struct Program {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
}

impl Program {
    fn start(world: &World<'_>) -> Self {
        let variables: HashMap<&str, String> = variables(world.database, &world.aurora);
        let mut child = Command::new(env!("CARGO_BIN_EXE_aurora-mcp-gateway"))
            .env_clear()
            .envs(variables)
            .envs([("MCP_PORT", "0"), ("METRICS_PORT", "0"), ("RUST_LOG", FILTER)])
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, log }
    }

    /// The next line that is like this; `None` at the end.
    async fn line(&mut self, wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        loop {
            let line = tokio::time::timeout(PATIENCE, self.log.next_line()).await;
            let line = line.expect("a line is not kept back").unwrap()?;
            let line: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
            if wanted(&line) {
                return Some(line);
            }
        }
    }

    fn terminate(&self) {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
    }
}

fn is_audit(line: &Value) -> bool {
    line["target"] == "audit"
}

async fn call(world: &World<'_>, address: &str) {
    let body =
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list_incidents"}});
    let request = world.http.post(format!("{address}/mcp")).bearer_auth(ALICES).json(&body);
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn every_call_has_its_line_at_rest_under_load_and_at_the_end() {
    run(async |world| {
        let mut program = Program::start(world);
        let ready = program.line(|line| line["message"] == "the gateway is ready").await.unwrap();
        let port = ready["address"].as_str().unwrap().rsplit(':').next().unwrap();
        let address = format!("http://127.0.0.1:{port}");
        call(world, &address).await;
        let line = program.line(is_audit).await.expect("the line comes although nothing else happens");
        assert_eq!((line["tool"].as_str(), line["outcome"].as_str()), (Some("list_incidents"), Some("ok")));
        for _ in 0..2 {
            join_all((0..40).map(|_| call(world, &address))).await;
        }
        program.terminate();
        let mut lines = 0;
        while program.line(is_audit).await.is_some() {
            lines += 1;
        }
        assert_eq!(lines, 80);
        assert!(program.child.wait().await.unwrap().success());
    })
    .await;
}
