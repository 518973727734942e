//! The socket: HTTP/1.1 as hyper reads it, so that a connection can also be dropped without an answer.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::received::Received;
use crate::stand_in::{Error, Options, Reaction, StandIn};

/// A running stand-in. It stops when the handle is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// For `BACKEND_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs until the process ends.
    pub async fn wait(mut self) {
        // The task ends only by being aborted.
        let _ended = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts a stand-in on a free port of 127.0.0.1.
pub async fn spawn(options: Options) -> Result<Server, Error> {
    listen(options, "127.0.0.1:0").await
}

/// Starts a stand-in on an address.
pub async fn listen(options: Options, address: &str) -> Result<Server, Error> {
    let stand_in = Arc::new(StandIn::new(options)?);
    let failed = |source| Error::Listen { address: address.to_owned(), source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok(Server { address, task: tokio::spawn(accept(listener, stand_in)) })
}

async fn accept(listener: TcpListener, stand_in: Arc<StandIn>) {
    // Dropped with this task, which ends every connection: a stopped Aurora answers nobody.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(converse(stream, Arc::clone(&stand_in)));
            }
            Err(error) => tracing::warn!(%error, "accept"),
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn converse(stream: TcpStream, stand_in: Arc<StandIn>) {
    let service = service_fn(|request| respond(&stand_in, request));
    let served =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    if let Err(error) = served {
        if error.is_parse() {
            stand_in.note_unreadable();
        }
        tracing::debug!(%error, "connection ended");
    }
}

/// Why a connection ends without an answer.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("dropped on demand")]
    OnDemand,
    #[error("the body did not arrive")]
    Body(#[from] hyper::Error),
    #[error("the answer cannot be written")]
    Answer(#[from] http::Error),
}

async fn respond(stand_in: &StandIn, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Broken> {
    let (parts, body) = request.into_parts();
    let received = Received {
        method: parts.method,
        raw_path: parts.uri.path().to_owned(),
        raw_query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: body.collect().await?.to_bytes(),
    };
    match stand_in.react(&received) {
        Reaction::Drop => Err(Broken::OnDemand),
        Reaction::Answer { answer, after } => {
            if !after.is_zero() {
                tokio::time::sleep(after).await;
            }
            Ok(answer.into_response()?)
        }
    }
}
