//! What a process has used, as the kernel counts it.

use std::fs::read_to_string;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// Time and memory of a process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// Processor time since its start.
    pub cpu: Duration,
    /// Resident memory now, in MiB.
    pub memory: u64,
    /// The most that it ever was, in MiB.
    pub peak: u64,
}

impl Usage {
    /// Of a process of this machine.
    pub fn of(pid: u32) -> Result<Self> {
        let stat = read_to_string(format!("/proc/{pid}/stat"))?;
        // The name, in parentheses, may hold spaces.
        let fields: Vec<&str> = stat.rsplit_once(')').context("no stat")?.1.split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
        let status = read_to_string(format!("/proc/{pid}/status"))?;
        let mebibytes = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name))?;
            let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
            Some(kibibytes / 1024)
        };
        Ok(Self {
            cpu: Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second()),
            memory: mebibytes("VmRSS").context("no VmRSS")?,
            peak: mebibytes("VmHWM").context("no VmHWM")?,
        })
    }
}
