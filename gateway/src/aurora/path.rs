//! Paths of the Aurora API: built from segments, or checked when a caller names one.
//!
//! Flask decodes percent escapes before it routes, and URL libraries resolve dot segments in any spelling. So a
//! path from outside is judged by what it finally means: decoded until nothing changes.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Longest path taken from a caller, in bytes.
const MAX_LENGTH: usize = 2_048;

/// All that is not unreserved (RFC 3986 §2.3) is encoded inside a segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What a caller's path may not carry in clear; `/` and `%` stay, because the caller encoded them or meant them.
const PATH: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'{').add(b'}').add(b'|');

/// An absolute path of the Aurora API, percent-encoded, without dot segments, query and fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiPath {
    encoded: String,
    decoded: String,
}

/// Why a path is refused. The texts are meant for the model that wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It doesn't begin with a slash.
    #[error("the path must start with '/', for example /api/incidents")]
    NotAbsolute,
    /// It has two slashes in a row, which could name another host.
    #[error("the path must not contain '//'")]
    EmptySegment,
    /// It carries `.` or `..`, plain or encoded.
    #[error("the path must not contain '.' or '..' segments, in any encoding")]
    DotSegment,
    /// It carries a query.
    #[error("the path must not contain '?': pass query parameters in `params`")]
    Query,
    /// It carries a fragment.
    #[error("the path must not contain '#'")]
    Fragment,
    /// It carries a backslash.
    #[error("the path must not contain a backslash")]
    Backslash,
    /// It carries a control character.
    #[error("the path must not contain control characters or line breaks")]
    Control,
    /// A `%` that begins no escape, or one whose bytes are not UTF-8.
    #[error("'%' must begin a percent escape of UTF-8 text, for example %20")]
    Escape,
    /// An escape inside an escape.
    #[error("the path is percent-encoded twice: encode it once")]
    EncodedTwice,
    /// It is too long.
    #[error("the path is longer than 2048 bytes")]
    TooLong,
}

impl ApiPath {
    /// A path of our own making; each segment is encoded whole. Dots alone are the caller's mistake and are encoded
    /// nowhere, so identifiers must be typed (`IncidentId`) before they come here.
    pub(crate) fn of(segments: &[&str]) -> Self {
        let mut encoded = String::new();
        for segment in segments {
            encoded.push('/');
            encoded.extend(utf8_percent_encode(segment, SEGMENT));
        }
        Self { encoded, decoded: format!("/{}", segments.join("/")) }
    }

    /// Checks a path that came from outside and encodes what is not yet encoded.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let text = text.trim_matches(' ');
        if text.len() > MAX_LENGTH {
            return Err(PathError::TooLong);
        }
        if !text.starts_with('/') {
            return Err(PathError::NotAbsolute);
        }
        check_characters(text)?;
        check_escapes(text)?;
        let decoded = decode(text)?;
        check_characters(&decoded)?;
        check_segments(&decoded)?;
        if has_escape(&decoded) {
            return Err(PathError::EncodedTwice);
        }
        let encoded = utf8_percent_encode(text, PATH).to_string();
        Ok(Self { encoded, decoded: decoded.into_owned() })
    }

    /// As sent: percent-encoded.
    pub fn as_str(&self) -> &str {
        &self.encoded
    }

    /// As Flask sees it when it routes: decoded.
    pub fn decoded(&self) -> &str {
        &self.decoded
    }

    /// The decoded segments, without the empty one after a trailing slash.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.decoded.split('/').filter(|segment| !segment.is_empty())
    }
}

impl fmt::Display for ApiPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.encoded)
    }
}

fn decode(text: &str) -> Result<Cow<'_, str>, PathError> {
    percent_decode_str(text).decode_utf8().map_err(|_| PathError::Escape)
}

fn check_characters(text: &str) -> Result<(), PathError> {
    for character in text.chars() {
        match character {
            '?' => return Err(PathError::Query),
            '#' => return Err(PathError::Fragment),
            '\\' => return Err(PathError::Backslash),
            _ if character.is_control() => return Err(PathError::Control),
            _ => {}
        }
    }
    Ok(())
}

fn check_segments(decoded: &str) -> Result<(), PathError> {
    if decoded.contains("//") {
        return Err(PathError::EmptySegment);
    }
    if decoded.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(PathError::DotSegment);
    }
    Ok(())
}

fn check_escapes(text: &str) -> Result<(), PathError> {
    let bytes = text.as_bytes();
    let whole =
        |at: usize| bytes.get(at + 1..at + 3).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit));
    if bytes.iter().enumerate().any(|(at, byte)| *byte == b'%' && !whole(at)) {
        return Err(PathError::Escape);
    }
    Ok(())
}

fn has_escape(text: &str) -> bool {
    text.as_bytes()
        .windows(3)
        .any(|window| window[0] == b'%' && window[1].is_ascii_hexdigit() && window[2].is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hostile_paths_are_refused_by_name() {
        let cases = [
            ("", PathError::NotAbsolute),
            ("api/incidents", PathError::NotAbsolute),
            ("http://evil/", PathError::NotAbsolute),
            ("//evil/api", PathError::EmptySegment),
            ("/api//incidents", PathError::EmptySegment),
            ("/%2Fevil/api", PathError::EmptySegment),
            ("/api/../admin", PathError::DotSegment),
            ("/api/..", PathError::DotSegment),
            ("/api/./x", PathError::DotSegment),
            ("/api/%2e%2e/admin", PathError::DotSegment),
            ("/api/%2E./admin", PathError::DotSegment),
            ("/api/x%2f..%2fadmin", PathError::DotSegment),
            ("/api/%252e%252e/admin", PathError::EncodedTwice),
            ("/api/%25252e", PathError::EncodedTwice),
            ("/api/x?limit=1", PathError::Query),
            ("/api/x%3Flimit=1", PathError::Query),
            ("/api/x#y", PathError::Fragment),
            ("/api/x%23y", PathError::Fragment),
            ("/api\\..\\admin", PathError::Backslash),
            ("/api/%5c..%5cadmin", PathError::Backslash),
            ("/api/x\r\nHost: evil", PathError::Control),
            ("/api/x%0d%0aHost:%20evil", PathError::Control),
            ("/api/x%00", PathError::Control),
            ("/api/x\u{85}", PathError::Control),
            ("/api/100%", PathError::Escape),
            ("/api/%zz", PathError::Escape),
            ("/api/%ff", PathError::Escape),
        ];
        for (text, expected) in cases {
            assert_eq!(ApiPath::parse(text), Err(expected), "{text:?}");
        }
        assert_eq!(ApiPath::parse(&format!("/{}", "x".repeat(MAX_LENGTH))), Err(PathError::TooLong));
    }

    #[test]
    fn ordinary_paths_are_encoded_once() {
        let cases = [
            ("/health/", "/health/"),
            (" /api/incidents ", "/api/incidents"),
            ("/api/graph/services/check out/impact", "/api/graph/services/check%20out/impact"),
            ("/api/graph/services/check%20out/impact", "/api/graph/services/check%20out/impact"),
            ("/api/x/é", "/api/x/%C3%A9"),
            ("/github/user-branches/owner%2Frepo", "/github/user-branches/owner%2Frepo"),
            ("/api/x/a..b", "/api/x/a..b"),
        ];
        for (text, expected) in cases {
            assert_eq!(ApiPath::parse(text).unwrap().as_str(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_segment_cannot_leave_its_place() {
        assert_eq!(ApiPath::of(&["api", "x", "a/b?c#d é%2f"]).as_str(), "/api/x/a%2Fb%3Fc%23d%20%C3%A9%252f");
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_stays_below_the_root_and_keeps_its_meaning(text in "/[a-z.%/\\\\?#0-9 é\u{0}-\u{1f}]{0,40}") {
            if let Ok(path) = ApiPath::parse(&text) {
                let url = url::Url::parse("http://aurora:5080").unwrap().join(path.as_str()).unwrap();
                prop_assert_eq!(url.host_str(), Some("aurora"));
                prop_assert_eq!(url.path(), path.as_str());
                prop_assert!(url.query().is_none() && url.fragment().is_none());
                prop_assert!(path.segments().all(|segment| segment != ".." && segment != "."));
                let again = ApiPath::parse(path.as_str()).unwrap();
                prop_assert_eq!(again.decoded(), path.decoded());
            }
        }

        #[test]
        fn any_segment_comes_back_out_as_it_went_in(segment in "\\PC{1,40}") {
            prop_assume!(segment != "." && segment != "..");
            let path = ApiPath::of(&["api", &segment]);
            let url = url::Url::parse("http://aurora:5080").unwrap().join(path.as_str()).unwrap();
            let last = url.path_segments().unwrap().next_back().unwrap().to_owned();
            prop_assert_eq!(percent_decode_str(&last).decode_utf8().unwrap(), segment);
        }
    }
}
