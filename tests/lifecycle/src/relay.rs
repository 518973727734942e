//! What stands between the operator and Postgres, so that a test can take the database away.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What becomes of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// They reach Postgres.
    Open,
    /// They are ended at once, as by a server that is down.
    Closed,
    /// They stay, and nothing comes through, as in a network that swallows everything.
    Silent,
}

/// A port that leads to Postgres while its gate is open. Dropping it ends all connections.
pub struct Relay {
    port: u16,
    gate: watch::Sender<Gate>,
    arrived: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Relay {
    /// A relay to an address, open.
    pub async fn to(address: String) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let (gate, passing) = watch::channel(Gate::Open);
        let arrived = Arc::new(AtomicUsize::new(0));
        let count = arrived.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(carry(client, address.clone(), passing.clone()));
            }
        });
        Ok(Self { port, gate, arrived, accepting })
    }

    /// Where it listens, on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Opens or shuts it. Connections that there are don't survive a change.
    pub fn set(&self, gate: Gate) {
        self.gate.send_replace(gate);
    }

    /// Connections that arrived so far, whatever became of them.
    pub fn arrived(&self) -> usize {
        self.arrived.load(Ordering::Relaxed)
    }
}

async fn carry(mut client: TcpStream, address: String, mut gate: watch::Receiver<Gate>) {
    let at_first = *gate.borrow_and_update();
    if at_first == Gate::Open {
        let Ok(mut server) = TcpStream::connect(&address).await else { return };
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut server) => return,
            _ = gate.changed() => {}
        }
        if *gate.borrow() == Gate::Silent {
            // An error means that the relay is gone.
            let _ = gate.changed().await;
        }
    } else if at_first == Gate::Silent {
        let _ = gate.changed().await;
    }
}
