//! What Aurora must never be sent: the caller's bearer token, or a path that was not encoded.

use percent_encoding::percent_decode_str;
use serde::Serialize;

use crate::received::Received;

/// A rule that a request broke. Its answer is a 500 that nobody can mistake for Aurora's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Violation {
    /// An `Authorization` header, of whatever scheme.
    AuthorizationHeader,
    /// `aurora_mcp_` in the value of any header, in the path, or in the query.
    BearerLeaked,
    /// A control character, space, non-ASCII or other character that a path must carry encoded.
    PathNotEncoded,
    /// A `.` or `..` segment, plain or encoded.
    PathTraversal,
    /// Bytes that are no HTTP request at all.
    Unreadable,
}

const BEARER_PREFIX: &[u8] = b"aurora_mcp_";

/// The first rule that the request breaks.
pub fn inspect(request: &Received) -> Option<Violation> {
    if request.headers.contains_key("authorization") {
        return Some(Violation::AuthorizationHeader);
    }
    let carries_bearer = |bytes: &[u8]| bytes.windows(BEARER_PREFIX.len()).any(|part| part == BEARER_PREFIX);
    if request.headers.values().any(|value| carries_bearer(value.as_bytes()))
        || carries_bearer(request.raw_path.as_bytes())
        || carries_bearer(request.raw_query.as_bytes())
    {
        return Some(Violation::BearerLeaked);
    }
    if !is_encoded(&request.raw_path) || !is_encoded(&request.raw_query) {
        return Some(Violation::PathNotEncoded);
    }
    let dots = |segment: &str| matches!(percent_decode_str(segment).decode_utf8_lossy().as_ref(), "." | "..");
    request.raw_path.split('/').any(dots).then_some(Violation::PathTraversal)
}

/// RFC 3986: unreserved, sub-delims, `:@/?` and percent-encoded octets; nothing else.
fn is_encoded(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().all(|(at, byte)| match byte {
        b'%' => bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)),
        byte => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?".contains(byte),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_requests_pass() {
        for target in [
            "/",
            "/api/incidents?limit=3&status=a%20b",
            "/api/graph/services/a%2Fb",
            "/x/..a/a..",
            "/a/%2e%2e%2e",
        ] {
            assert_eq!(inspect(&Received::example("GET", target, &[("x-user-id", "u")])), None, "{target}");
        }
    }

    #[test]
    fn a_bearer_is_found_wherever_it_hides() {
        let find =
            |target, headers: &[(&'static str, &str)]| inspect(&Received::example("GET", target, headers));
        assert_eq!(find("/", &[("authorization", "Basic eA==")]), Some(Violation::AuthorizationHeader));
        assert_eq!(find("/", &[("x-aurora-mcp-token", "aurora_mcp_x")]), Some(Violation::BearerLeaked));
        assert_eq!(find("/", &[("cookie", "a=1; t=aurora_mcp_x")]), Some(Violation::BearerLeaked));
        assert_eq!(find("/api/aurora_mcp_x", &[]), Some(Violation::BearerLeaked));
        assert_eq!(find("/?token=aurora_mcp_x", &[]), Some(Violation::BearerLeaked));
    }

    #[test]
    fn paths_that_were_not_encoded_are_found() {
        let cases = [
            ("/a b", Violation::PathNotEncoded),
            ("/a\nb", Violation::PathNotEncoded),
            ("/ä", Violation::PathNotEncoded),
            ("/a\"b", Violation::PathNotEncoded),
            ("/a%2", Violation::PathNotEncoded),
            ("/a%zz", Violation::PathNotEncoded),
            ("/a?x=\u{1f6a8}", Violation::PathNotEncoded),
            ("/a/../b", Violation::PathTraversal),
            ("/a/./b", Violation::PathTraversal),
            ("/a/%2e%2E/b", Violation::PathTraversal),
            ("/a/%2e.", Violation::PathTraversal),
        ];
        for (target, expected) in cases {
            assert_eq!(inspect(&Received::example("GET", target, &[])), Some(expected), "{target:?}");
        }
    }
}
