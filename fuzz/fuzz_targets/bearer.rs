//! Whatever stands in the headers of a request: it is refused, or exactly one token is read, as it stands there, and it is
//! nothing that a reader of the database could know.

#![no_main]

use aurora_mcp_store::TokenDigest;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;

#[path = "../../gateway/src/auth/bearer.rs"]
mod bearer;

/// A line each: the first letter says which header, the rest is its value, as HTTP lets values be.
fn headers(data: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n').take(4) {
        let Some((kind, value)) = line.split_first() else { continue };
        let name = match kind {
            b'x' => bearer::OWN_HEADER,
            b'c' => HeaderName::from_static("cookie"),
            _ => AUTHORIZATION,
        };
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name, value);
        }
    }
    headers
}

fuzz_target!(|data: &[u8]| {
    let headers = headers(data);
    let Ok(read) = bearer::presented(&headers) else { return };
    let token = read.expose();
    assert!((1..=128).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(!token.to_ascii_lowercase().starts_with("sha256:"), "a digest was taken for a token");
    assert!(!token.starts_with("${") && !token.starts_with("{{"), "a placeholder was taken for a token");
    let own = headers.get_all(bearer::OWN_HEADER).iter().count();
    let source = if own > 0 { bearer::OWN_HEADER } else { AUTHORIZATION };
    let values: Vec<&str> = headers.get_all(&source).iter().map(|value| value.to_str().unwrap()).collect();
    let [value] = values[..] else { panic!("{} headers, and one was chosen", values.len()) };
    assert!(
        value.trim_end_matches([' ', '\t']).ends_with(token),
        "the token is not what the header ends with"
    );
    if source == AUTHORIZATION {
        assert_eq!(
            value.trim_start_matches([' ', '\t']).get(..6).map(str::to_ascii_lowercase).as_deref(),
            Some("bearer")
        );
    }
    assert_eq!(read.digest(), TokenDigest::of(token));
});
