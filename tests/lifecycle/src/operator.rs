//! The operator as a process of its own.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail, ensure};
use aurora_mcp_test_control_plane::process::{command, free_port, last_words, start};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::{Duration, timeout};

use crate::Metrics;

/// How an operator is started.
#[derive(Debug, Clone)]
pub struct OperatorSettings {
    /// The program; `operator-under-test` has fail points, the released one has none.
    pub program: PathBuf,
    /// Its environment, beside what [`Operator::start`] adds.
    pub environment: Vec<(String, String)>,
    /// Where its log goes.
    pub log: PathBuf,
}

/// A running operator. Dropping it kills it.
pub struct Operator {
    child: Child,
    stdin: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    port: u16,
    log: PathBuf,
}

impl OperatorSettings {
    /// The same operator as another replica of it, with a log of its own.
    #[must_use]
    pub fn replica(&self, name: &str) -> Self {
        let mut replica = self.clone();
        replica.set("POD_NAME", name);
        replica.log.set_extension(format!("{name}.log"));
        replica
    }

    /// The last lines of its log, of all operators that were started so.
    pub fn last_words(&self, lines: usize) -> String {
        last_words(&self.log, lines)
    }

    /// Adds to its environment, or replaces what is there.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(there, _)| there != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }
}

impl Operator {
    /// Starts it with a fail point armed, or with none if `armed` is empty.
    pub async fn start(settings: &OperatorSettings, armed: &str) -> Result<Self> {
        let port = free_port()?;
        let mut command = command(&settings.program, &settings.log)?;
        command.env_clear().envs(settings.environment.iter().cloned());
        command.env("HTTP_PORT", port.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = start(command)?;
        let stdin = child.stdin.take().context("no standard input")?;
        let answers = BufReader::new(child.stdout.take().context("no standard output")?).lines();
        let mut operator = Self { child, stdin, answers, port, log: settings.log.clone() };
        operator.arm(armed).await?;
        Ok(operator)
    }

    /// Arms a fail point, such as `before write-secret=2*off->return`.
    pub async fn arm(&mut self, armed: &str) -> Result<()> {
        self.stdin.write_all(format!("{armed}\n").as_bytes()).await?;
        let answer = timeout(Duration::from_secs(10), self.answers.next_line()).await??;
        ensure!(answer.as_deref() == Some("armed"), "the operator answered {answer:?}");
        Ok(())
    }

    /// Waits for its death by its own hand.
    pub async fn death(&mut self, seconds: u64) -> Result<()> {
        match timeout(Duration::from_secs(seconds), self.child.wait()).await {
            Ok(status) => {
                ensure!(!status?.success(), "the operator ended in peace");
                Ok(())
            }
            Err(_) => bail!("the operator did not come by the point that was armed in {seconds} s"),
        }
    }

    /// True while it runs.
    pub fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills it, as the kernel does.
    pub async fn kill(mut self) -> Result<()> {
        self.child.start_kill()?;
        self.child.wait().await?;
        Ok(())
    }

    /// Asks it to stop and waits until it did.
    pub async fn stop(mut self) -> Result<()> {
        self.signal(Signal::TERM)?;
        let status = timeout(Duration::from_secs(20), self.child.wait()).await.context("stopping")??;
        ensure!(status.success(), "the operator stopped with {status}");
        Ok(())
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let id = self.pid()?;
        Ok(kill_process(id, signal)?)
    }

    /// Its process.
    pub fn pid(&self) -> Result<Pid> {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).context("it ended")?;
        Pid::from_raw(id).context("no process")
    }

    /// Where its probes and metrics are.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it measures.
    pub async fn metrics(&self) -> Result<Metrics> {
        Metrics::read(self.port).await
    }

    /// The last lines of its log.
    pub fn last_words(&self, lines: usize) -> String {
        last_words(&self.log, lines)
    }
}
