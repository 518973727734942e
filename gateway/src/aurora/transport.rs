//! HTTP/1.1 to the Aurora API: one pool of connections, no proxy, no redirects. On hyper itself, see docs/adr/0130.

use std::time::Duration;

use bytes::Bytes;
use http::header::USER_AGENT;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt as _;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Below gunicorn's keep-alive of 2 s, so that a connection is not reused just as Aurora closes it.
const IDLE: Duration = Duration::from_millis(1_500);
/// No tool can use more; the rest stays unread.
pub const MAX_BODY: usize = 8 * 1024 * 1024;
const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("aurora-mcp-gateway/", env!("CARGO_PKG_VERSION")));

/// The pool. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Transport(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The address or a header is not fit to be sent.
    #[error("the request cannot be made")]
    Request(#[from] http::Error),
    /// No connection, or it broke before the answer.
    #[error("no answer")]
    Answer(#[from] hyper_util::client::legacy::Error),
    /// The answer broke off.
    #[error("the answer broke off")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The answer is larger than [`MAX_BODY`].
    #[error("the answer is too large")]
    TooLarge,
    /// No answer in time.
    #[error("no answer within {} s", .0.as_secs())]
    Timeout(Duration),
}

impl Transport {
    /// Nothing is connected yet.
    pub fn new() -> Result<Self, rustls::Error> {
        let mut tcp = HttpConnector::new();
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let tls = ClientConfig::builder().with_platform_verifier()?.with_no_client_auth();
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_idle_timeout(IDLE).pool_timer(TokioTimer::new());
        Ok(Self(builder.build(connector.wrap_connector(tcp))))
    }

    /// Sends a request; the answer's body is still to come.
    pub async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, TransportError> {
        request.headers_mut().insert(USER_AGENT, AGENT);
        Ok(self.0.request(request).await?)
    }
}

/// The whole body.
pub async fn read(body: Incoming) -> Result<Bytes, TransportError> {
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(TransportError::TooLarge),
        Err(error) => Err(TransportError::Body(error)),
    }
}
