//! A namespace of its own for each test, in which it starts services of the test bed and spoils them.

use std::panic::AssertUnwindSafe;
use std::process::Stdio;
use std::time::Duration;

use aurora_mcp_gateway::health::{Reason, Status, Verdict};
use futures::FutureExt as _;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::Instant;

/// As long as an image that is there already may take to start, on a busy machine.
const DEADLINE: Duration = Duration::from_secs(120);

/// Where a test starts its services.
pub struct Bed {
    namespace: String,
}

impl Bed {
    /// Makes a namespace, gives it to the test, and removes it even if the test panics.
    pub async fn run(test: impl AsyncFnOnce(&Self)) {
        let bed = Self { namespace: format!("failures-{}", uuid::Uuid::new_v4().simple()) };
        kubectl(&["create", "namespace", &bed.namespace], "").await;
        let outcome = AssertUnwindSafe(test(&bed)).catch_unwind().await;
        kubectl(&["delete", "namespace", &bed.namespace, "--wait=false"], "").await;
        outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    }

    /// Starts a pod, and returns its address once it runs.
    pub async fn start(&self, name: &str, image: &str, command: &[&str], env: &[(&str, &str)]) -> String {
        let env: Vec<Value> = env.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        let container = json!({
            "name": "service", "image": format!("aurora-mcp.local/{image}"), "imagePullPolicy": "Never",
            "command": command, "env": env, "volumeMounts": [{"name": "data", "mountPath": "/data"}, {"name": "data", "mountPath": "/tmp"}],
        });
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": self.namespace},
            "spec": {
                "containers": [container], "volumes": [{"name": "data", "emptyDir": {}}], "restartPolicy": "Never",
                "terminationGracePeriodSeconds": 1, "automountServiceAccountToken": false, "enableServiceLinks": false,
            },
        });
        kubectl(&["apply", "-f", "-"], &pod.to_string()).await;
        let running = [
            "wait",
            "pod",
            name,
            "-n",
            &self.namespace,
            "--for=jsonpath={.status.phase}=Running",
            "--timeout=120s",
        ];
        kubectl(&running, "").await;
        kubectl(&["get", "pod", name, "-n", &self.namespace, "-o", "jsonpath={.status.podIP}"], "").await
    }

    /// Runs a command in a pod.
    pub async fn exec(&self, name: &str, command: &[&str]) -> String {
        let mut arguments = vec!["exec", "-n", &self.namespace, name, "--"];
        arguments.extend(command);
        kubectl(&arguments, "").await
    }

    /// Ends a pod.
    pub async fn stop(&self, name: &str) {
        kubectl(&["delete", "pod", name, "-n", &self.namespace, "--wait", "--grace-period=1"], "").await;
    }
}

/// Checks until the verdict is the wanted one, and returns it.
pub async fn until(status: Status, reason: Reason, mut check: impl AsyncFnMut() -> Verdict) -> Verdict {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let verdict = check().await;
        if (verdict.status, verdict.reason) == (status, reason) {
            return verdict;
        }
        assert!(Instant::now() < deadline, "never {status:?} {reason:?}; last: {verdict:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn kubectl(arguments: &[&str], input: &str) -> String {
    let mut child = Command::new("kubectl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("kubectl, and KUBECONFIG of the test bed: run `make services` or `make test`");
    child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "kubectl {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}
