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
    of_text(&error.to_string())
}

/// Causes that have no type of their own in the libraries, only words.
fn of_text(text: &str) -> Option<Reason> {
    const WORDS: [(&str, Reason); 6] = [
        ("failed to lookup address", Reason::Dns),
        ("dns error", Reason::Dns),
        ("Name or service not known", Reason::Dns),
        ("name resolution", Reason::Dns),
        ("timed out", Reason::Timeout),
        ("connection closed before message completed", Reason::Reset),
    ];
    WORDS.iter().find(|(words, _)| text.contains(words)).map(|(_, reason)| *reason)
}

fn io_cause(error: &io::Error) -> Option<Reason> {
    if let Some(inner) = error.get_ref().and_then(|inner| one(inner)) {
        return Some(inner);
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
        _ => of_text(&error.to_string()),
    }
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
        let table: [(io::Error, Reason); 10] = [
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
            (io::Error::other("connection closed before message completed"), Reason::Reset),
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
