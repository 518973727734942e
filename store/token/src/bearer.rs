//! The text of a bearer token: what is accepted, and how a new one is made.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};

use crate::TokenDigest;

/// How every token made by Aurora or by us begins. It is in people's client configurations: never change it.
pub const TOKEN_PREFIX: &str = "aurora_mcp_";

/// Fresh random bytes for a new token. The caller draws them, so that making a token stays a pure function.
pub type TokenBytes = [u8; 48];

/// The column `mcp_tokens.token` is `varchar(128)`.
const MAX_LENGTH: usize = 128;
const BODY_LENGTH: usize = 64;

/// A bearer token in clear. It can't be printed, compared by accident or cloned into a log.
#[derive(Clone)]
pub struct Bearer(SecretString);

/// Why a text is not a bearer token. It never holds the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BearerError {
    /// No text at all.
    #[error("the token is empty")]
    Empty,
    /// Longer than Aurora's column.
    #[error("the token is longer than 128 characters")]
    TooLong,
    /// A space, a control character or anything outside ASCII.
    #[error("the token holds characters that no token has")]
    BadCharacter,
    /// A digest is what the database holds; accepting it would make every reader of the table a user.
    #[error("a digest is not a token")]
    Digest,
}

impl Bearer {
    /// Accepts any text that may stand in `mcp_tokens.token`: 1 to 128 visible ASCII characters and not a digest.
    pub fn parse(text: &str) -> Result<Self, BearerError> {
        if text.is_empty() {
            return Err(BearerError::Empty);
        }
        if text.len() > MAX_LENGTH {
            return Err(BearerError::TooLong);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(BearerError::BadCharacter);
        }
        if TokenDigest::is_tagged(text) {
            return Err(BearerError::Digest);
        }
        Ok(Self(SecretString::from(text)))
    }

    /// A new token from fresh random bytes: the prefix and 64 URL-safe base64 characters.
    pub fn mint(bytes: &TokenBytes) -> Self {
        Self(SecretString::from(format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// True for the form that Aurora and we make ourselves: `aurora_mcp_` and 64 URL-safe base64 characters.
    pub fn is_well_formed(&self) -> bool {
        self.expose().strip_prefix(TOKEN_PREFIX).is_some_and(|body| {
            body.len() == BODY_LENGTH
                && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        })
    }

    /// What the database holds instead of the text.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(self.expose())
    }

    /// The text in clear, for the Secret and for the database's comparison with tokens in clear.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The first characters, as Aurora's own list shows them: enough to tell two tokens apart, useless otherwise.
    pub fn preview(&self) -> String {
        let shown: String = self.expose().chars().take(TOKEN_PREFIX.len() + 6).collect();
        format!("{shown}...")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn minted_token_has_auroras_form() {
        let token = Bearer::mint(&[7; 48]);
        assert_eq!(token.expose().len(), 75);
        assert!(token.is_well_formed());
        assert_eq!(token.preview(), "aurora_mcp_BwcHBw...");
    }

    #[test]
    fn texts_that_are_no_token_are_refused() {
        let digest = TokenDigest::of("x").to_string();
        for (text, error) in [
            ("", BearerError::Empty),
            ("has space", BearerError::BadCharacter),
            ("line\nbreak", BearerError::BadCharacter),
            ("nul\0", BearerError::BadCharacter),
            ("ümlaut", BearerError::BadCharacter),
            (&"a".repeat(129), BearerError::TooLong),
            (&digest, BearerError::Digest),
            ("sha256:", BearerError::Digest),
            ("SHA256:abc", BearerError::Digest),
        ] {
            assert_eq!(Bearer::parse(text).err(), Some(error), "{text:?}");
        }
    }

    #[test]
    fn tokens_made_by_hand_are_accepted_but_not_well_formed() {
        let longest = "a".repeat(128);
        for text in ["x", "aurora_mcp_test", longest.as_str(), "aurora_mcp_"] {
            assert!(Bearer::parse(text).is_ok_and(|token| !token.is_well_formed()), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_minted_parses_to_the_same_digest(bytes in prop::collection::vec(any::<u8>(), 48)) {
            let bytes: TokenBytes = bytes.try_into().unwrap();
            let minted = Bearer::mint(&bytes);
            prop_assert!(minted.is_well_formed());
            prop_assert_eq!(Bearer::parse(minted.expose()).unwrap().digest(), minted.digest());
        }

        #[test]
        fn parsing_never_panics(text in ".*") {
            if let Ok(token) = Bearer::parse(&text) {
                prop_assert!(token.expose().len() <= 128);
                prop_assert!(!token.expose().starts_with("sha256:"));
            }
        }
    }
}
