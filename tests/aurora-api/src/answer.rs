//! What is sent back, in the forms Flask uses: JSON with sorted keys, or an HTML error page.

use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body_util::Full;
use serde_json::{Value, json};

/// An answer before it is written to the connection.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: Vec<(&'static str, String)>,
    pub body: Body,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    Json(Value),
    Html(String),
    /// Text that claims to be JSON.
    Raw(String),
}

impl Answer {
    pub fn json(status: StatusCode, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Body::Json(body) }
    }

    pub fn ok(body: Value) -> Self {
        Self::json(StatusCode::OK, body)
    }

    /// Flask's `{"error": …}`.
    pub fn error(status: StatusCode, text: &str) -> Self {
        Self::json(status, json!({ "error": text }))
    }

    /// The page that werkzeug makes of an HTTP exception.
    pub fn page(status: StatusCode, text: &str) -> Self {
        let name = status.canonical_reason().unwrap_or("Error");
        let code = status.as_u16();
        let html = format!(
            "<!doctype html>\n<html lang=en>\n<title>{code} {name}</title>\n<h1>{name}</h1>\n<p>{text}</p>\n"
        );
        Self { status, headers: Vec::new(), body: Body::Html(html) }
    }

    pub fn unsupported_media_type() -> Self {
        Self::page(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Did not attempt to load JSON data because the request Content-Type was not &#39;application/json&#39;.",
        )
    }

    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The bytes for the wire.
    pub fn into_response(self) -> Result<Response<Full<Bytes>>, http::Error> {
        let (kind, bytes) = match self.body {
            Body::Json(value) => ("application/json", value.to_string() + "\n"),
            Body::Html(text) => ("text/html; charset=utf-8", text),
            Body::Raw(text) => ("application/json", text),
        };
        let mut response = Response::builder().status(self.status).header(header::CONTENT_TYPE, kind);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        response.body(Full::new(Bytes::from(bytes)))
    }
}
