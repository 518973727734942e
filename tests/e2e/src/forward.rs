//! `kubectl port-forward` to a free local port, for as long as the value lives.

use std::{process::Stdio, time::Duration};

use anyhow::{Context, Result, bail};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::cluster::NAMESPACE;

/// A running port-forward. Dropping it ends it.
pub struct Forward {
    port: u16,
    _child: Child,
}

impl Forward {
    /// Forwards to a target such as `svc/aurora-oss-mcp` or `pod/…`.
    pub async fn open(target: &str, remote: u16) -> Result<Self> {
        let mut child = Command::new("kubectl")
            .args(["port-forward", "-n", NAMESPACE, "--address=127.0.0.1", target, &format!(":{remote}")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("starting kubectl port-forward")?;
        let stdout = child.stdout.take().context("kubectl port-forward has no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let Some(line) = timeout(Duration::from_secs(20), lines.next_line())
            .await
            .with_context(|| format!("kubectl port-forward to {target} said nothing"))??
        else {
            let output = child.wait_with_output().await?;
            bail!("kubectl port-forward to {target}: {}", String::from_utf8_lossy(&output.stderr).trim());
        };
        // It writes a line for every connection, and would stop at a full pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self {
            port: local_port(&line).with_context(|| format!("kubectl port-forward said: {line}"))?,
            _child: child,
        })
    }

    /// The local port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// The local port in a line such as `Forwarding from 127.0.0.1:40123 -> 8811`.
fn local_port(line: &str) -> Option<u16> {
    line.split(" -> ").next()?.rsplit(':').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::local_port;

    #[test]
    fn local_port_is_read_from_what_kubectl_says() {
        assert_eq!(local_port("Forwarding from 127.0.0.1:40123 -> 8811"), Some(40123));
        assert_eq!(local_port("error: unable to forward"), None);
    }
}
