//! Why a request is not let in, and the answer that says so.

use std::borrow::Cow;
use std::time::Duration;

use aurora_mcp_store::BearerError;
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;
use serde_json::json;

use super::Unvouched;
use super::bearer::NoBearer;

/// A request that is not authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no token to look at.
    NoBearer(NoBearer),
    /// No such token.
    Unknown,
    /// Revoked by its owner or the operator.
    Revoked,
    /// Suspended by its resource.
    Suspended,
    /// It was valid until then.
    Expired(Option<Timestamp>),
    /// The user is gone or has left the organisation.
    OwnerGone,
    /// The rules of a managed token can't be read: closed, not open.
    RulesUnreadable,
    /// Postgres doesn't answer; says nothing about the token.
    StoreAway,
    /// Too many wrong tokens from this address.
    TooManyAttempts(Duration),
    /// Too many requests from this address.
    AddressTooFast(Duration),
    /// Too many requests with this token.
    TooFast(Duration),
    /// Too many requests with this token are being served.
    TooManyAtOnce,
    /// The proxy in front does not vouch for the token's user.
    Unvouched(Unvouched),
}

impl From<Unvouched> for Refusal {
    fn from(unvouched: Unvouched) -> Self {
        Self::Unvouched(unvouched)
    }
}

impl Refusal {
    /// The reason in bodies, logs and metrics; a finite set.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoBearer(NoBearer::Missing) => "missing",
            Self::NoBearer(NoBearer::Elsewhere) => "wrong_header",
            Self::NoBearer(NoBearer::Placeholder) => "placeholder",
            Self::NoBearer(_) => "malformed",
            Self::Unknown => "unknown",
            Self::Revoked => "revoked",
            Self::Suspended => "suspended",
            Self::Expired(_) => "expired",
            Self::OwnerGone => "owner_gone",
            Self::RulesUnreadable => "rules_unreadable",
            Self::StoreAway => "store_away",
            Self::TooManyAttempts(_) => "too_many_attempts",
            Self::AddressTooFast(_) => "address_too_fast",
            Self::TooFast(_) => "too_fast",
            Self::TooManyAtOnce => "too_many_at_once",
            Self::Unvouched(unvouched) => unvouched.reason(),
        }
    }

    /// A wrong token, as opposed to trouble on our side: counted against the client's address.
    pub fn is_failed_attempt(&self) -> bool {
        !matches!(
            self,
            Self::StoreAway
                | Self::TooManyAttempts(_)
                | Self::AddressTooFast(_)
                | Self::TooFast(_)
                | Self::TooManyAtOnce
                | Self::Unvouched(_)
                | Self::NoBearer(NoBearer::Missing | NoBearer::Elsewhere)
        )
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::StoreAway => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooManyAttempts(_) | Self::AddressTooFast(_) | Self::TooFast(_) | Self::TooManyAtOnce => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::Unvouched(_) => StatusCode::FORBIDDEN,
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    fn error(&self) -> &'static str {
        match self {
            Self::NoBearer(NoBearer::Missing | NoBearer::Elsewhere) => "unauthorized",
            Self::StoreAway => "temporarily_unavailable",
            Self::TooManyAttempts(_) | Self::AddressTooFast(_) | Self::TooFast(_) | Self::TooManyAtOnce => {
                "too_many_requests"
            }
            Self::Unvouched(_) => "forbidden",
            _ => "invalid_token",
        }
    }

    fn message(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Expired(Some(at)) => {
                return Cow::Owned(format!("The token expired at {at}. Make a new one, or rotate it."));
            }
            Self::NoBearer(problem) => no_bearer(*problem),
            Self::Unknown => {
                "No token like this exists. Check that it was copied whole and without quotes; a token begins with \
                 aurora_mcp_ and has 75 characters. If its database row was deleted, make a new one."
            }
            Self::Revoked => "The token was revoked. Make a new one.",
            Self::Suspended => "The token is suspended. Its owner can resume it with spec.suspended: false.",
            Self::Expired(None) => "The token has expired. Make a new one, or rotate it.",
            Self::OwnerGone => "The token's user no longer exists or has left the organisation.",
            Self::RulesUnreadable => {
                "The token's access rules can't be read, so it is not accepted. An administrator should look at the \
                 operator's status."
            }
            Self::StoreAway => {
                "Tokens can't be checked right now because the database doesn't answer. The token may be fine; try \
                 again shortly."
            }
            Self::TooManyAttempts(_) => {
                "Too many wrong tokens from this address. Wait, and check the client's configuration."
            }
            Self::AddressTooFast(_) => {
                "Too many requests from this address, so only tokens that worked before are let in. Wait a moment. If many clients share it because of a proxy, the gateway's \
                 operator can have it tell them apart: gateway.proxy.trusted in the chart, or MCP_TRUSTED_PROXIES."
            }
            Self::TooFast(_) => "Too many requests with this token. Wait a moment.",
            Self::TooManyAtOnce => {
                "Too many requests with this token are still being served. Wait for their answers, or close open streams."
            }
            Self::Unvouched(unvouched) => unvouched.message(),
        })
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::StoreAway => Some(5),
            Self::TooManyAtOnce => Some(1),
            Self::TooManyAttempts(wait) | Self::AddressTooFast(wait) | Self::TooFast(wait) => {
                Some(wait.as_secs() + 1)
            }
            _ => None,
        }
    }

    fn challenge(&self) -> Option<&'static str> {
        match self.status() {
            StatusCode::UNAUTHORIZED if self.error() == "invalid_token" => {
                Some(r#"Bearer realm="aurora-mcp", error="invalid_token""#)
            }
            StatusCode::UNAUTHORIZED => Some(r#"Bearer realm="aurora-mcp""#),
            _ => None,
        }
    }
}

fn no_bearer(problem: NoBearer) -> &'static str {
    match problem {
        NoBearer::Missing => {
            "Send the token as `Authorization: Bearer aurora_mcp_…`; none is read from the address."
        }
        NoBearer::Elsewhere => {
            "The token came in a header that is not read. Send it as `Authorization: Bearer aurora_mcp_…`, or as \
             `X-Aurora-MCP-Token` behind a proxy that uses Authorization for itself."
        }
        NoBearer::OtherScheme => {
            "The Authorization header has another scheme, such as Basic, or none. It must have the form `Bearer aurora_mcp_…`."
        }
        NoBearer::Several => "There is more than one token in the headers. Send one.",
        NoBearer::Placeholder => {
            "The client sent a placeholder instead of a token: a variable or an example in its configuration was not replaced. \
             Put the token there, set the variable, or check the client's syntax for variables."
        }
        NoBearer::Encoded => {
            "This is a token in base64, as the data of a Secret holds it. Decode it: kubectl get secret NAME -o \
             'jsonpath={.data.token}' | base64 -d."
        }
        NoBearer::Malformed(BearerError::Digest) => {
            "This is the digest of a token (sha256:…), as the database holds it. Send the token itself, which begins with \
             aurora_mcp_."
        }
        NoBearer::Malformed(_) => {
            "This is not a token. A token begins with aurora_mcp_ and has 75 characters; beside it there is nothing else, \
             such as quotes or a second Bearer."
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({"error": self.error(), "reason": self.reason(), "message": self.message()});
        let mut response = (self.status(), Json(body)).into_response();
        let headers = response.headers_mut();
        if let Some(challenge) = self.challenge() {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_token_is_401_with_a_challenge_that_names_the_error() {
        for refusal in [
            Refusal::Unknown,
            Refusal::Revoked,
            Refusal::Suspended,
            Refusal::Expired(None),
            Refusal::OwnerGone,
            Refusal::RulesUnreadable,
            Refusal::NoBearer(NoBearer::Placeholder),
            Refusal::NoBearer(NoBearer::Malformed(BearerError::Digest)),
        ] {
            let response = refusal.into_response();
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{refusal:?}");
            let challenge = response.headers()[WWW_AUTHENTICATE].to_str().unwrap();
            assert!(challenge.starts_with("Bearer ") && challenge.contains("error=\"invalid_token\""));
        }
    }

    #[test]
    fn a_missing_token_gets_a_plain_challenge() {
        let response = Refusal::NoBearer(NoBearer::Missing).into_response();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer realm=\"aurora-mcp\"");
    }

    #[test]
    fn what_the_proxy_does_not_vouch_for_is_403_without_a_challenge() {
        for unvouched in [
            Unvouched::NotThroughProxy,
            Unvouched::Nobody,
            Unvouched::SomebodyElse,
            Unvouched::OwnerUnreadable,
        ] {
            let refusal = Refusal::from(unvouched);
            assert!(!refusal.is_failed_attempt(), "nothing was guessed");
            let response = refusal.into_response();
            assert_eq!(response.status(), StatusCode::FORBIDDEN);
            assert!(response.headers().get(WWW_AUTHENTICATE).is_none(), "another token would not help");
        }
    }

    #[test]
    fn an_outage_is_never_401() {
        let response = Refusal::StoreAway.into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[RETRY_AFTER], "5");
        assert!(response.headers().get(WWW_AUTHENTICATE).is_none());
    }

    #[test]
    fn an_expired_token_says_when_it_expired() {
        let at: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        assert!(Refusal::Expired(Some(at)).message().contains("2026-01-02T03:04:05Z"));
    }
}
