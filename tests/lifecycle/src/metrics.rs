//! What the operator says of itself on `/metrics`.

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One reading of all its metrics.
#[derive(Debug, Clone)]
pub struct Metrics(String);

impl Metrics {
    /// Reads them from a port of this machine.
    pub async fn read(port: u16) -> Result<Self> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(Self(answer))
    }

    /// The sum of a series over its labels; its name without the operator's prefix.
    pub fn sum(&self, name: &str) -> Result<f64> {
        let full = format!("aurora_mcp_operator_{name}");
        let values = self.0.lines().filter_map(|line| {
            let rest = line.strip_prefix(&full)?;
            let value = rest
                .strip_prefix(' ')
                .or_else(|| rest.strip_prefix('{')?.split_once("} ").map(|(_, value)| value));
            value?.parse::<f64>().ok()
        });
        let values: Vec<f64> = values.collect();
        (!values.is_empty()).then(|| values.iter().sum()).with_context(|| format!("no metric {full}"))
    }

    /// Passes that were finished.
    pub fn passes(&self) -> Result<f64> {
        self.sum("reconcile_duration_seconds_count")
    }

    /// True if no pass runs or waits.
    pub fn is_idle(&self) -> Result<bool> {
        Ok(self.sum("queue_depth")? + self.sum("passes_in_flight")? == 0.0)
    }

    /// Everything that it wrote, to Kubernetes and to Postgres.
    pub fn writes(&self) -> Result<f64> {
        Ok(self.sum("steps_total")? + self.sum("status_writes_total")?)
    }
}
