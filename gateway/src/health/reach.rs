//! Why something could not be reached: the cause at the bottom of an error, whichever library wrapped it.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;

use super::reason::Reason;

/// Opens a TCP connection and closes it again.
pub async fn tcp(host: &str, port: u16, limit: Duration) -> Result<(), Reason> {
    match tokio::time::timeout(limit, TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(cause(&error)),
        Err(_) => Err(Reason::Timeout),
    }
}

/// Looks through the sources of an error for the one that says what happened.
pub fn cause(error: &(dyn Error + 'static)) -> Reason {
    let mut next = Some(error);
    let mut found = None;
    while let Some(error) = next {
        found = one(error).or(found);
        next = error.source();
    }
    found.unwrap_or(Reason::Unexpected)
}

fn one(error: &(dyn Error + 'static)) -> Option<Reason> {
    if let Some(error) = error.downcast_ref::<Arc<dyn Error + Send + Sync>>() {
        return one(&**error);
    }
    if error.is::<rustls::Error>() {
        return Some(Reason::Tls);
    }
    if error.is::<tokio::time::error::Elapsed>() {
        return Some(Reason::Timeout);
    }
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return io_cause(error);
    }
    // A resolver's failure has no type of its own in any of the libraries, only a text.
    let text = error.to_string();
    is_lookup_failure(&text)
        .then_some(Reason::Dns)
        .or_else(|| text.contains("timed out").then_some(Reason::Timeout))
}

fn io_cause(error: &io::Error) -> Option<Reason> {
    if let Some(inner) = error.get_ref().and_then(|inner| one(inner)) {
        return Some(inner);
    }
    if is_lookup_failure(&error.to_string()) {
        return Some(Reason::Dns);
    }
    match error.kind() {
        ErrorKind::ConnectionRefused => Some(Reason::Refused),
        // No route looks to a person like a dropped packet: nothing comes back.
        ErrorKind::TimedOut
        | ErrorKind::WouldBlock
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable => Some(Reason::Timeout),
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => Some(Reason::Reset),
        ErrorKind::InvalidData => Some(Reason::Tls),
        _ => None,
    }
}

fn is_lookup_failure(text: &str) -> bool {
    ["failed to lookup address", "dns error", "Name or service not known", "name resolution"]
        .iter()
        .any(|part| text.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("wrapped")]
    struct Wrapped(#[source] Box<dyn Error + Send + Sync>);

    #[derive(Debug, thiserror::Error)]
    #[error("shared")]
    struct Shared(#[source] Arc<dyn Error + Send + Sync>);

    fn io(kind: ErrorKind) -> io::Error {
        io::Error::from(kind)
    }

    #[test]
    fn causes_are_found_under_any_wrapping() {
        let table: [(io::Error, Reason); 9] = [
            (io(ErrorKind::ConnectionRefused), Reason::Refused),
            (io(ErrorKind::TimedOut), Reason::Timeout),
            (io(ErrorKind::HostUnreachable), Reason::Timeout),
            (io(ErrorKind::ConnectionReset), Reason::Reset),
            (io(ErrorKind::UnexpectedEof), Reason::Reset),
            (
                io::Error::other("failed to lookup address information: Name or service not known"),
                Reason::Dns,
            ),
            (io::Error::other("failed to lookup address information: Try again"), Reason::Dns),
            (io::Error::new(ErrorKind::InvalidData, rustls::Error::DecryptError), Reason::Tls),
            (io::Error::other("weird"), Reason::Unexpected),
        ];
        for (error, expected) in table {
            let text = format!("{error:?}");
            assert_eq!(cause(&error), expected, "{text}");
            assert_eq!(cause(&Wrapped(Box::new(Wrapped(Box::new(error))))), expected, "wrapped {text}");
        }
        let shared: Arc<dyn Error + Send + Sync> = Arc::new(io(ErrorKind::ConnectionRefused));
        assert_eq!(cause(&Shared(shared)), Reason::Refused);
    }

    #[tokio::test]
    async fn a_closed_port_refuses_and_an_open_one_does_not() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let limit = Duration::from_secs(5);
        assert_eq!(tcp("127.0.0.1", port, limit).await, Ok(()));
        drop(listener);
        assert_eq!(tcp("127.0.0.1", port, limit).await, Err(Reason::Refused));
        assert_eq!(tcp("no-such-host.invalid", port, limit).await, Err(Reason::Dns));
    }
}
