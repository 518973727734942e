//! What a client sends and reads: JSON, and event streams if it says so.

use axum::response::Response;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};

use crate::edge::refusal;

/// JSON comes in and goes out; a client that can't is told.
pub fn negotiate(headers: &HeaderMap) -> Option<Response> {
    let json_body = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"));
    if !json_body {
        let message = "Content-Type must be application/json";
        return Some(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message));
    }
    if headers.contains_key(ACCEPT) && !accepts(headers, "application/json") {
        let message = "Accept must include application/json";
        return Some(refusal(StatusCode::NOT_ACCEPTABLE, "not_acceptable", message));
    }
    None
}

/// Whether a media type is among those that the client reads.
pub fn accepts(headers: &HeaderMap, wanted: &str) -> bool {
    let group = wanted.split('/').next().unwrap_or_default();
    headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let essence = parts.next().unwrap_or_default();
            let excluded = parts.any(|parameter| matches!(parameter, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
            let whole_group =
                || essence.strip_suffix("/*").is_some_and(|name| name.eq_ignore_ascii_case(group));
            !excluded && (essence.eq_ignore_ascii_case(wanted) || essence == "*/*" || whole_group())
        })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn accept_headers_are_read_as_ranges_with_weights() {
        for (value, json, stream) in [
            ("application/json, text/event-stream", true, true),
            ("application/json", true, false),
            ("*/*", true, true),
            ("application/*;q=0.5", true, false),
            ("text/event-stream;q=1, application/json;q=0", false, true),
            ("text/html", false, false),
            ("", false, false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(value))]);
            assert_eq!(accepts(&headers, "application/json"), json, "{value}");
            assert_eq!(accepts(&headers, "text/event-stream"), stream, "{value}");
        }
    }
}
