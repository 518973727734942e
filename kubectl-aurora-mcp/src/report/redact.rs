//! Takes out of a text what nobody else may see.

use regex::Regex;

use crate::error::Error;

/// Patterns, and what stands in their place.
pub(super) struct Redactor(Vec<(Regex, &'static str)>);

/// Tokens whole or cut (a preview has six characters and stays), what follows `Bearer`, digests, passwords in addresses
/// and in variables.
const ALWAYS: [(&str, &str); 6] = [
    (r"aurora_mcp_[A-Za-z0-9_-]{7,}", "aurora_mcp_<redacted>"),
    (r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}", "$1 <redacted>"),
    (r"(?i)sha256:[0-9a-f]{64}", "sha256:<redacted>"),
    (r"([a-zA-Z][a-zA-Z0-9+.-]*://[^\s:/@]*):[^\s/@]+@", "$1:<redacted>@"),
    (
        r#"(?i)("name":\s*"[A-Z0-9_]*(?:PASSWORD|SECRET|TOKEN|API_KEY)[A-Z0-9_]*",\s*"value":\s*)"(?:[^"\\]|\\.)*""#,
        r#"$1"<redacted>""#,
    ),
    (r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", "<redacted JWT>"),
];

const EMAIL: (&str, &str) = (r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", "<email>");

impl Redactor {
    pub(super) fn new(with_emails: bool) -> Result<Self, Error> {
        let patterns = ALWAYS.into_iter().chain((!with_emails).then_some(EMAIL));
        patterns
            .map(|(pattern, instead)| Ok((Regex::new(pattern)?, instead)))
            .collect::<Result<_, regex::Error>>()
            .map(Self)
            .map_err(|error| Error::Internal(error.to_string()))
    }

    pub(super) fn redact(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (pattern, instead)| {
            pattern.replace_all(&text, *instead).into_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use aurora_mcp_token::{Bearer, TokenBytes};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_go_and_the_rest_stays() {
        let redactor = Redactor::new(false).unwrap();
        for (text, redacted) in [
            ("token aurora_mcp_abcdefghij refused", "token aurora_mcp_<redacted> refused"),
            ("preview aurora_mcp_abcdef...", "preview aurora_mcp_abcdef..."),
            ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer <redacted>"),
            ("postgres://aurora:s3cret@db:5432/aurora", "postgres://aurora:<redacted>@db:5432/aurora"),
            ("redis://:s3cret@redis:6379/0", "redis://:<redacted>@redis:6379/0"),
            (
                r#"{"name": "DB_PASSWORD", "value": "a\"b"}"#,
                r#"{"name": "DB_PASSWORD", "value": "<redacted>"}"#,
            ),
            (r#"{"name": "DB_HOST", "value": "db"}"#, r#"{"name": "DB_HOST", "value": "db"}"#),
            ("user alice@alpha.example", "user <email>"),
            ("jwt eyJhbGciOi.eyJzdWIi.c2ln", "jwt <redacted JWT>"),
            (
                "image@sha256 and http://aurora-oss-mcp:8811/mcp",
                "image@sha256 and http://aurora-oss-mcp:8811/mcp",
            ),
        ] {
            assert_eq!(redactor.redact(text), redacted);
        }
        let digest = format!("sha256:{}", "ab".repeat(32));
        assert_eq!(redactor.redact(&digest), "sha256:<redacted>");
    }

    #[test]
    fn addresses_of_users_stay_on_request() {
        assert_eq!(Redactor::new(true).unwrap().redact("alice@alpha.example"), "alice@alpha.example");
    }

    proptest! {
        #[test]
        fn no_token_survives_in_any_text(
            bytes in prop::collection::vec(any::<u8>(), 48),
            before in "[ -~]{0,20}",
            after in "[ -~]{0,20}",
        ) {
            let bytes: TokenBytes = bytes.try_into().unwrap();
            let token = Bearer::mint(&bytes);
            let redacted = Redactor::new(true).unwrap().redact(&format!("{before}{}{after}", token.expose()));
            prop_assert!(!redacted.contains(token.expose()));
        }
    }
}
