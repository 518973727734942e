//! A name that goes into a path of the Aurora API as one segment: a service, an issue key, a workspace.

use std::fmt;

/// In bytes; longer than any name that Aurora stores.
const LONGEST: usize = 255;

/// Text that cannot leave its place in a path. It is percent-encoded when the path is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment(String);

/// Why a name can't be part of a path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SegmentError {
    /// It is empty.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Aurora decodes `%2F` before it routes, so such a name has no address there.
    #[error("{0} contains '/', and Aurora has no address for such a name")]
    Slash(&'static str),
    /// Dots, control characters, or too long.
    #[error("{0} must be a name of at most 255 bytes without control characters, and not '.' or '..'")]
    NoName(&'static str),
}

impl Segment {
    /// Checks the value of the argument `what`.
    pub fn parse(what: &'static str, text: &str) -> Result<Self, SegmentError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(SegmentError::Missing(what));
        }
        if text.contains(['/', '\\']) {
            return Err(SegmentError::Slash(what));
        }
        if text.len() > LONGEST || matches!(text, "." | "..") || text.chars().any(char::is_control) {
            return Err(SegmentError::NoName(what));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name itself, not encoded.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_pass_and_lose_their_spaces() {
        for text in ["checkout", "web frontend", "日本", "a..b", "100%", "x?y#z", "..."] {
            assert_eq!(Segment::parse("name", &format!(" {text} ")).unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_could_leave_its_place_is_refused() {
        for (text, expected) in [
            ("", SegmentError::Missing("name")),
            (" ", SegmentError::Missing("name")),
            ("a/b", SegmentError::Slash("name")),
            ("a\\b", SegmentError::Slash("name")),
            ("..", SegmentError::NoName("name")),
            (".", SegmentError::NoName("name")),
            ("a\r\nHost: evil", SegmentError::NoName("name")),
            ("a\u{0}", SegmentError::NoName("name")),
            (&"x".repeat(256), SegmentError::NoName("name")),
        ] {
            assert_eq!(Segment::parse("name", text), Err(expected), "{text:?}");
        }
    }
}
