//! The digest of a token: what stands in `mcp_tokens.token` for every token that we make.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

const TAG: &str = "sha256:";

/// SHA-256 of a token. Tokens carry 48 random bytes, so a plain hash can't be reversed by guessing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenDigest([u8; 32]);

/// A text that is not `sha256:` and 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token digest: expected sha256: and 64 hexadecimal digits")]
pub struct DigestError;

impl TokenDigest {
    /// The digest of a token in clear.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// True for a text that claims to be a digest, in any case of letters and even if the rest is malformed.
    pub(crate) fn is_tagged(text: &str) -> bool {
        text.get(..TAG.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(TAG))
    }
}

impl fmt::Display for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{TAG}{}", hex::encode(self.0))
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for TokenDigest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix(TAG).ok_or(DigestError)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| DigestError)?;
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_is_the_tagged_sha256() {
        let shown = TokenDigest::of("abc").to_string();
        assert_eq!(shown, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(shown.parse(), Ok(TokenDigest::of("abc")));
    }

    #[test]
    fn malformed_digests_are_refused() {
        let long = format!("sha256:{}", "0".repeat(66));
        for text in ["", "sha256:", "sha256:00", "md5:00", &"0".repeat(64), &long, "sha256:zz"] {
            assert_eq!(text.parse::<TokenDigest>(), Err(DigestError), "{text:?}");
        }
    }
}
