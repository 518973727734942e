//! Aurora's own words about a request that it refuses.
//!
//! A model that is told "Must be one of: critical, high, low, medium" does better the next time; so one sentence of a
//! JSON body goes on to it, cleaned, cut and quoted.

use std::fmt;

use http::StatusCode;
use serde::Deserialize;

/// In characters. Aurora's refusals are shorter.
const LONGEST: usize = 240;
/// Whatever looks like the inside of Aurora is left out whole.
const INTERNAL: [&str; 6] = ["traceback", "://", "psycopg", "sqlalchemy", " file \"", "x-internal-secret"];

/// A quoted sentence, or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said(Option<String>);

#[derive(Deserialize)]
struct Refusal {
    error: Option<String>,
    message: Option<String>,
}

impl Said {
    /// No words.
    pub fn nothing() -> Self {
        Self(None)
    }

    /// The `error` or `message` of a JSON body. Only of a 4xx: a 5xx speaks of Aurora's inside, not of the request.
    pub fn of(status: StatusCode, body: &[u8]) -> Self {
        if !status.is_client_error() || status == StatusCode::UNAUTHORIZED {
            return Self::nothing();
        }
        let Ok(refusal) = serde_json::from_slice::<Refusal>(body) else { return Self::nothing() };
        Self(refusal.error.or(refusal.message).and_then(|text| cleaned(&text)))
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(text) => write!(f, ", in its words: {text:?}"),
            None => Ok(()),
        }
    }
}

/// One line of ordinary text.
fn cleaned(text: &str) -> Option<String> {
    let plain = |character: char| !character.is_control() && !is_invisible(character);
    let words: Vec<&str> = text.split_whitespace().collect();
    let line: String = words.join(" ").chars().filter(|character| plain(*character)).collect();
    let lower = line.to_lowercase();
    if line.is_empty() || line.starts_with('<') || INTERNAL.iter().any(|mark| lower.contains(mark)) {
        return None;
    }
    let mut cut: String = line.chars().take(LONGEST).collect();
    if cut.len() < line.len() {
        cut.push('…');
    }
    Some(cut)
}

/// Characters that reorder or hide text.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: u16, body: &str) -> String {
        Said::of(StatusCode::from_u16(code).unwrap(), body.as_bytes()).to_string()
    }

    #[test]
    fn the_reason_of_a_refusal_is_quoted() {
        let body = r#"{"error": "Invalid severity. Must be one of: critical, high, low, medium"}"#;
        let expected = r#", in its words: "Invalid severity. Must be one of: critical, high, low, medium""#;
        assert_eq!(said(400, body), expected);
        assert_eq!(
            said(404, r#"{"message": "SharePoint not connected"}"#),
            r#", in its words: "SharePoint not connected""#
        );
        assert_eq!(
            said(409, r#"{"error": "a\n  b\u202e\u0007c", "stack": "x"}"#),
            r#", in its words: "a bc""#
        );
    }

    #[test]
    fn what_is_no_refusal_or_speaks_of_the_inside_is_left_out() {
        for (code, body) in [
            (500, r#"{"error": "division by zero"}"#),
            (503, r#"{"error": "x"}"#),
            (308, r#"{"error": "x"}"#),
            (401, r#"{"error": "x"}"#),
            (400, r#"{"error": {"nested": 1}}"#),
            (400, r#"{"error": ""}"#),
            (400, r#"["error"]"#),
            (400, "<!doctype html>"),
            (400, r#"{"error": "<html>no</html>"}"#),
            (400, r#"{"error": "Traceback (most recent call last): x"}"#),
            (400, r#"{"error": "cannot reach http://vault:8200/v1"}"#),
            (400, r#"{"error": "(psycopg2.errors.InvalidTextRepresentation) invalid input"}"#),
            (400, ""),
        ] {
            assert_eq!(said(code, body), "", "{code} {body}");
        }
    }

    #[test]
    fn a_long_text_is_cut() {
        let long = said(400, &serde_json::json!({"error": "ä".repeat(10_000)}).to_string());
        assert!(long.chars().count() < LONGEST + 30 && long.ends_with("…\""), "{long}");
    }
}
