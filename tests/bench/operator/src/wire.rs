//! A wire to Postgres that counts what goes over it. Only for counting: it costs time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What was counted; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Wire {
    statements: Arc<AtomicU64>,
    waits: Arc<AtomicU64>,
}

impl Wire {
    /// A wire to this address; returns the port of its other end.
    pub async fn to(address: String) -> Result<(Self, u16)> {
        let wire = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let count = wire.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (count, address) = (count.clone(), address.clone());
                tokio::spawn(async move { count.connect(client, &address).await });
            }
        });
        Ok((wire, port))
    }

    /// Statements so far, and how often an answer was waited for.
    pub fn counted(&self) -> (u64, u64) {
        (self.statements.load(Ordering::Relaxed), self.waits.load(Ordering::Relaxed))
    }

    async fn connect(&self, client: TcpStream, address: &str) -> Result<()> {
        let server = TcpStream::connect(address).await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (from_client, mut to_client) = client.into_split();
        let (mut from_server, to_server) = server.into_split();
        tokio::select! {
            ended = self.listen_in(from_client, to_server) => ended?,
            ended = tokio::io::copy(&mut from_server, &mut to_client) => drop(ended?),
        }
        Ok(())
    }

    /// Frontend messages (PostgreSQL, "Message Formats"): a start-up message without a type, then each with a type and its length.
    async fn listen_in(
        &self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
    ) -> Result<()> {
        pass(&mut from, &mut to).await?;
        loop {
            let kind = from.read_u8().await?;
            to.write_u8(kind).await?;
            match kind {
                b'Q' => {
                    self.statements.fetch_add(1, Ordering::Relaxed);
                    self.waits.fetch_add(1, Ordering::Relaxed);
                }
                // Execute, Sync.
                b'E' => _ = self.statements.fetch_add(1, Ordering::Relaxed),
                b'S' => _ = self.waits.fetch_add(1, Ordering::Relaxed),
                _ => {}
            }
            pass(&mut from, &mut to).await?;
        }
    }
}

/// Passes a length and what it is the length of.
async fn pass(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin)) -> Result<()> {
    let length = from.read_u32().await?;
    let mut message = vec![0; usize::try_from(length)?.saturating_sub(4)];
    from.read_exact(&mut message).await?;
    to.write_u32(length).await?;
    Ok(to.write_all(&message).await?)
}
