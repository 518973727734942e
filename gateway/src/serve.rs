//! Accepting connections, with TLS or without: bounded headers, bounded patience, and no request lost at the end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use http::header::CONNECTION;
use http::{HeaderValue, Request, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::edge::{Limits, Readiness};
use crate::tls::{Met, Tls, meet, needed};

/// How long to wait when no connection can be accepted, as when all file descriptors are in use.
const PAUSE: Duration = Duration::from_millis(50);
/// Sign of life on an HTTP/2 connection.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// What answers requests.
pub trait Answer: Clone + Send + Sync + 'static {
    /// The answer to a request. `sender` is at the other end of the connection.
    fn answer(&self, request: Request<Incoming>, sender: SocketAddr)
    -> impl Future<Output = Response> + Send;
}

impl Answer for Router {
    async fn answer(&self, request: Request<Incoming>, _: SocketAddr) -> Response {
        let Ok(response) = self.clone().oneshot(request).await;
        response
    }
}

/// Serves until `stop`, then until the last request in flight is answered. From the moment when no request is wanted any
/// more, each answer ends its connection, so that the client's next one leads to another replica: a request that is sent
/// just as an idle connection is closed would be lost.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    answers: impl Answer,
    limits: Limits,
    readiness: Readiness,
    stop: CancellationToken,
) {
    let server = Arc::new(Server { builder: builder(limits), tls, answers, limits, readiness, stop });
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(limits.connections));
    while let Some((stream, address, place)) =
        server.stop.run_until_cancelled(accept(&listener, &places)).await
    {
        let (server, watcher) = (Arc::clone(&server), graceful.watcher());
        tokio::spawn(async move {
            server.connection(stream, address, watcher).await;
            drop(place);
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

/// What every connection is served with.
struct Server<A> {
    builder: Builder<TokioExecutor>,
    tls: Option<Arc<Tls>>,
    answers: A,
    limits: Limits,
    readiness: Readiness,
    stop: CancellationToken,
}

impl<A: Answer> Server<A> {
    async fn connection(&self, stream: TcpStream, address: SocketAddr, watcher: Watcher) {
        let Some(tls) = &self.tls else {
            return self.http(stream, self.answers.clone(), address, watcher).await;
        };
        // Headers can't begin before the handshake is done: it has their time, and no request is lost with it at the end.
        let met = tokio::time::timeout(self.limits.header_read, meet(tls, stream));
        match self.stop.run_until_cancelled(met).await {
            Some(Ok(Ok(Met::Tls(stream)))) => {
                self.http(stream, self.answers.clone(), address, watcher).await;
            }
            Some(Ok(Ok(Met::Plain(stream)))) => self.http(stream, needed(), address, watcher).await,
            Some(Ok(Err(error))) => tracing::debug!(%error, %address, "a TLS handshake failed"),
            Some(Err(_)) => tracing::debug!(%address, "a TLS handshake took too long"),
            None => {}
        }
    }

    async fn http<S>(&self, stream: S, answers: impl Answer, address: SocketAddr, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let readiness = self.readiness.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let (version, readiness, answers) = (request.version(), readiness.clone(), answers.clone());
            async move {
                let mut response = answers.answer(request, address).await;
                // HTTP/2 has a frame of its own for this, sent with `stop`.
                if version < Version::HTTP_2 && !readiness.is_ready() {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(response)
            }
        });
        let connection = self.builder.serve_connection(TokioIo::new(stream), service).into_owned();
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, %address, "a connection broke");
        }
    }
}

fn builder(limits: Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_read)
        .max_buf_size(limits.header_bytes);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX));
    builder
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, Option<tokio::sync::OwnedSemaphorePermit>) {
    // The semaphore is never closed; without a permit the connection would just not be counted.
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                // Answers are small and whole: waiting to fill a packet only delays them.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "TCP_NODELAY");
                }
                return (stream, address, place);
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
