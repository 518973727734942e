//! Reading the bearer token from a request's headers.

use aurora_mcp_store::{Bearer, BearerError, TOKEN_PREFIX};
use http::header::{AUTHORIZATION, HeaderMap, HeaderName};

/// For clients behind a proxy that uses `Authorization` for itself.
pub const OWN_HEADER: HeaderName = HeaderName::from_static("x-aurora-mcp-token");

/// [`TOKEN_PREFIX`] in base64, as far as what follows has no part in it.
const ENCODED_PREFIX: &str = "YXVyb3JhX21jcF";

/// Why there is no token to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoBearer {
    /// No header at all.
    Missing,
    /// A token, in a header that no token is taken from.
    Elsewhere,
    /// `Authorization` with another scheme, such as Basic.
    OtherScheme,
    /// More than one header: which one counts would be a guess.
    Several,
    /// A placeholder that the client did not fill in.
    Placeholder,
    /// A token in base64, as the data of a Secret holds it.
    Encoded,
    /// Not a token.
    Malformed(BearerError),
}

/// The token in `X-Aurora-MCP-Token`, or else in `Authorization: Bearer`.
pub fn presented(headers: &HeaderMap) -> Result<Bearer, NoBearer> {
    if let Some(text) = single(headers, &OWN_HEADER)? {
        return parse(without_scheme(text).unwrap_or(text));
    }
    let text = single(headers, &AUTHORIZATION)?.ok_or_else(|| missing(headers))?;
    if text.is_empty() {
        return Err(NoBearer::Missing);
    }
    parse(without_scheme(text).ok_or(NoBearer::OtherScheme)?)
}

/// Clients differ in where they put an API key; their users can't see where.
fn missing(headers: &HeaderMap) -> NoBearer {
    let mut texts = headers.values().filter_map(|value| value.to_str().ok());
    let elsewhere = texts.any(|text| without_scheme(text).unwrap_or(text).starts_with(TOKEN_PREFIX));
    if elsewhere { NoBearer::Elsewhere } else { NoBearer::Missing }
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, NoBearer> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(NoBearer::Several);
    }
    // The ellipsis in which examples of tokens end is no ASCII.
    let no_text = if value.as_bytes().ends_with("…".as_bytes()) {
        NoBearer::Placeholder
    } else {
        NoBearer::Malformed(BearerError::BadCharacter)
    };
    let text = value.to_str().map_err(|_| no_text)?;
    Ok(Some(text.trim_matches([' ', '\t'])))
}

/// What follows `Bearer`; the scheme's case doesn't matter (RFC 9110 §11.1).
fn without_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim_matches([' ', '\t']))
}

fn parse(text: &str) -> Result<Bearer, NoBearer> {
    if text.is_empty() {
        return Err(NoBearer::Missing);
    }
    if is_placeholder(text) {
        return Err(NoBearer::Placeholder);
    }
    if text.starts_with(ENCODED_PREFIX) {
        return Err(NoBearer::Encoded);
    }
    Bearer::parse(text).map_err(NoBearer::Malformed)
}

/// `${AURORA_TOKEN}`, `<token>`, `{{token}}`, `$TOKEN`, `aurora_mcp_...`: a variable or an example that the client sent as it
/// stands in its configuration.
fn is_placeholder(text: &str) -> bool {
    text.starts_with("${")
        || text.starts_with("{{")
        || text.starts_with("$(")
        || (text.starts_with('<') && text.ends_with('>'))
        || text.ends_with("...")
        || text.strip_prefix('$').is_some_and(|name| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn headers(pairs: &[(&'static str, &[u8])]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, HeaderValue::from_bytes(value).unwrap());
        }
        map
    }

    fn read(pairs: &[(&'static str, &[u8])]) -> Result<String, NoBearer> {
        presented(&headers(pairs)).map(|bearer| bearer.expose().to_owned())
    }

    #[test]
    fn tokens_are_read_from_either_header() {
        for pairs in [
            &[("authorization", b"Bearer aurora_mcp_x" as &[u8])][..],
            &[("authorization", b"bearer aurora_mcp_x")],
            &[("authorization", b"BEARER   aurora_mcp_x  ")],
            &[("authorization", b"Bearer\taurora_mcp_x")],
            &[("x-aurora-mcp-token", b"aurora_mcp_x")],
            &[("x-aurora-mcp-token", b"Bearer aurora_mcp_x")],
            &[("authorization", b"Bearer proxy.jwt.token"), ("x-aurora-mcp-token", b"aurora_mcp_x")],
            &[("authorization", b"Basic dXNlcjpwYXNz"), ("x-aurora-mcp-token", b"aurora_mcp_x")],
        ] {
            assert_eq!(read(pairs).as_deref(), Ok("aurora_mcp_x"), "{pairs:?}");
        }
    }

    #[test]
    fn what_is_no_token_is_told_apart() {
        let long = [b"Bearer ".as_slice(), &[b'a'; 129]].concat();
        for (pairs, expected) in [
            (&[][..], NoBearer::Missing),
            (&[("authorization", b"" as &[u8])], NoBearer::Missing),
            (&[("authorization", b"Bearer")], NoBearer::Missing),
            (&[("authorization", b"Bearer   ")], NoBearer::Missing),
            (&[("x-aurora-mcp-token", b"")], NoBearer::Missing),
            (&[("x-api-key", b"something else")], NoBearer::Missing),
            (&[("x-api-key", b"aurora_mcp_x")], NoBearer::Elsewhere),
            (&[("x-mcp-token", b"Bearer aurora_mcp_x")], NoBearer::Elsewhere),
            (&[("authorization", b"Basic dXNlcjpwYXNz")], NoBearer::OtherScheme),
            (&[("authorization", b"aurora_mcp_x")], NoBearer::OtherScheme),
            (&[("authorization", b"Bearerx y")], NoBearer::OtherScheme),
            (&[("authorization", b"Bearer a"), ("authorization", b"Bearer b")], NoBearer::Several),
            (&[("x-aurora-mcp-token", b"a"), ("x-aurora-mcp-token", b"b")], NoBearer::Several),
            (&[("authorization", b"Bearer ${AURORA_TOKEN}")], NoBearer::Placeholder),
            (&[("authorization", b"Bearer ${env:AURORA_TOKEN}")], NoBearer::Placeholder),
            (&[("authorization", b"Bearer <token>")], NoBearer::Placeholder),
            (&[("authorization", b"Bearer {{token}}")], NoBearer::Placeholder),
            (&[("authorization", b"Bearer $AURORA_TOKEN")], NoBearer::Placeholder),
            (&[("authorization", b"Bearer aurora_mcp_...")], NoBearer::Placeholder),
            (&[("authorization", "Bearer aurora_mcp_…".as_bytes())], NoBearer::Placeholder),
            (&[("authorization", b"Bearer YXVyb3JhX21jcF94")], NoBearer::Encoded),
            (&[("authorization", b"Bearer a b")], NoBearer::Malformed(BearerError::BadCharacter)),
            (&[("authorization", b"Bearer a,Bearer b")], NoBearer::Malformed(BearerError::BadCharacter)),
            (&[("authorization", b"Bearer \xff")], NoBearer::Malformed(BearerError::BadCharacter)),
            (&[("authorization", b"Bearer sha256:00")], NoBearer::Malformed(BearerError::Digest)),
            (&[("x-aurora-mcp-token", b"SHA256:00")], NoBearer::Malformed(BearerError::Digest)),
            (&[("authorization", &long)], NoBearer::Malformed(BearerError::TooLong)),
        ] {
            assert_eq!(read(pairs), Err(expected), "{pairs:?}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_read_without_panic_and_never_yields_a_digest(
            value in prop::collection::vec(prop_oneof![Just(b' '), Just(b'\t'), 0x21u8..=0x7e, 0x80u8..=0xff], 0..200),
        ) {
            for name in ["authorization", "x-aurora-mcp-token"] {
                if let Ok(token) = read(&[(name, &value)]) {
                    prop_assert!(!token.is_empty() && token.len() <= 128);
                    prop_assert!(token.bytes().all(|byte| byte.is_ascii_graphic()));
                    prop_assert!(!token.to_ascii_lowercase().starts_with("sha256:"));
                }
            }
        }

        #[test]
        fn a_minted_token_is_always_read_back(bytes in prop::array::uniform32(any::<u8>()), upper in any::<bool>()) {
            let mut seed = [7u8; 48];
            seed[..32].copy_from_slice(&bytes);
            let minted = Bearer::mint(&seed);
            let scheme = if upper { "BEARER" } else { "bearer" };
            let header = format!("{scheme} {}", minted.expose());
            let read = read(&[("authorization", header.as_bytes())]);
            prop_assert_eq!(read.as_deref(), Ok(minted.expose()));
        }
    }
}
