//! A request as it arrived: raw path, headers and body, before anything is decoded.

use bytes::Bytes;
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// One request.
#[derive(Debug, Clone)]
pub struct Received {
    pub method: Method,
    /// Path as on the wire, without the query.
    pub raw_path: String,
    /// Query as on the wire, without `?`.
    pub raw_query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Received {
    /// The path as WSGI hands it to Flask: percent-decoded, so that `%2F` is a separator too.
    pub fn path(&self) -> String {
        percent_decode_str(&self.raw_path).decode_utf8_lossy().into_owned()
    }

    pub fn query(&self, name: &str) -> Option<String> {
        let mut pairs = url::form_urlencoded::parse(self.raw_query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().filter(|value| !value.is_empty())
    }

    /// The JSON body, or `None` when the content type says that it is something else.
    pub fn json(&self) -> Option<Value> {
        let kind = self.header("content-type")?;
        let is_json = kind.split(';').next().is_some_and(|kind| kind.trim() == "application/json");
        if is_json { serde_json::from_slice(&self.body).ok() } else { None }
    }

    #[cfg(test)]
    pub fn example(method: &str, target: &str, headers: &[(&'static str, &str)]) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        Self {
            method: method.parse().unwrap(),
            raw_path: path.to_owned(),
            raw_query: query.to_owned(),
            headers: map,
            body: Bytes::new(),
        }
    }
}
