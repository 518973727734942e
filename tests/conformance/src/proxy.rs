//! A proxy on loopback that adds a bearer token and changes nothing else.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderValue, StatusCode};
use tokio::net::TcpListener;

const LARGEST_BODY: usize = 4 << 20;

#[derive(Clone)]
struct Upstream {
    address: SocketAddr,
    authorization: HeaderValue,
    http: reqwest::Client,
}

/// Serves until the test's runtime ends. Returns where.
pub async fn start(address: SocketAddr, token: &str) -> SocketAddr {
    let authorization = HeaderValue::try_from(format!("Bearer {token}")).expect("a token is ASCII");
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let router = Router::new().fallback(forward).with_state(Upstream { address, authorization, http });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let proxy = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    proxy
}

async fn forward(State(upstream): State<Upstream>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let mut headers = parts.headers;
    headers.remove(CONTENT_LENGTH);
    headers.insert(AUTHORIZATION, upstream.authorization);
    let request = upstream.http.request(parts.method, format!("http://{}{path}", upstream.address));
    match request.headers(headers).body(body).send().await {
        Ok(answer) => {
            let (status, mut headers) = (answer.status(), answer.headers().clone());
            headers.remove(CONNECTION);
            headers.remove(TRANSFER_ENCODING);
            (status, headers, Body::from_stream(answer.bytes_stream())).into_response()
        }
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}
