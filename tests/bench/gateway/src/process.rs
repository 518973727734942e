//! A process on a core of its own, and what the kernel says about it.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStderr, Command};

/// The servers' core; everything else runs on the other one.
pub const SERVER: &str = "0";
pub const LOAD: &str = "1";

/// The kernel's unit of time in `/proc` (`USER_HZ`): a hundredth of a second on every architecture that we build for.
const TICK: Duration = Duration::from_millis(10);

/// A process that ends with this value.
pub struct Process {
    child: Child,
    pid: u32,
    lines: Arc<AtomicU64>,
}

/// A command that will run on `core`, with nothing of our environment.
pub fn pinned(core: &str, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", core]).arg(program).env_clear().kill_on_drop(true);
    command
}

impl Process {
    /// Starts it. What it logs goes through a pipe, as in a container, and is counted.
    pub fn start(command: &mut Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        let pid = child.id().context("it has ended already")?;
        let lines = Arc::new(AtomicU64::new(0));
        if let Some(log) = child.stderr.take() {
            tokio::spawn(count_lines(log, lines.clone()));
        }
        Ok(Self { child, pid, lines })
    }

    /// How many lines it has logged.
    pub fn lines(&self) -> u64 {
        self.lines.load(Ordering::Relaxed)
    }

    /// User and system time that all its threads have used.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        // The name in parentheses may hold anything; utime and stime are the 14th and 15th field.
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
        let ticks: Vec<u32> = fields.skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
        anyhow::ensure!(ticks.len() == 2, "/proc/{}/stat is not understood", self.pid);
        Ok(TICK * ticks.iter().sum::<u32>())
    }

    /// Resident memory now, in MB.
    pub fn resident(&self) -> anyhow::Result<f64> {
        self.memory("VmRSS:")
    }

    /// The most resident memory that it ever had, in MB.
    pub fn peak(&self) -> anyhow::Result<f64> {
        self.memory("VmHWM:")
    }

    fn memory(&self, name: &str) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)).context("no such line")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024.0)
    }

    /// Ends it, and waits until it is gone.
    pub async fn end(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }
}

async fn count_lines(mut log: ChildStderr, lines: Arc<AtomicU64>) {
    let mut part = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = log.read(&mut part).await {
        let count = part[..read].iter().fold(0, |sum, byte| sum + u64::from(*byte == b'\n'));
        lines.fetch_add(count, Ordering::Relaxed);
    }
}
