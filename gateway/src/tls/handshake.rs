//! The first bytes of a connection to a port that speaks TLS.

use std::io;

use axum::Router;
use axum::response::Response;
use http::StatusCode;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::Tls;
use crate::edge::refusal;

/// How every TLS connection begins.
const HANDSHAKE: u8 = 0x16;

/// Who is at the other end.
pub(crate) enum Met {
    /// A client that speaks TLS.
    Tls(Box<TlsStream<TcpStream>>),
    /// One that doesn't, and should be told.
    Plain(TcpStream),
}

/// Greets a new connection. It ends when the client is slower than the caller waits.
pub(crate) async fn meet(tls: &Tls, stream: TcpStream) -> io::Result<Met> {
    let mut first = [0];
    // Nothing at all: it closed again, as a TCP check does.
    if stream.peek(&mut first).await? == 1 && first[0] != HANDSHAKE {
        return Ok(Met::Plain(stream));
    }
    Ok(Met::Tls(Box::new(tls.acceptor().accept(stream).await?)))
}

/// What a client gets that speaks plain HTTP: most often a file with an address of old.
pub(crate) fn needed() -> Router {
    Router::new().fallback(needed_answer)
}

async fn needed_answer() -> Response {
    let message = "This port speaks TLS: begin the address in the client's configuration with https://.";
    refusal(StatusCode::BAD_REQUEST, "https_needed", message)
}
