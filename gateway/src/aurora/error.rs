//! What can go wrong with a call of the Aurora API, in words for whoever made the call.
//!
//! Of an upstream body the caller sees one sentence at most, and only where Aurora refuses the request (4xx): see
//! [`Said`]. The rest may carry stack traces, host names, another user's data. It is logged.

use http::StatusCode;

use super::said::Said;

/// A call of the Aurora API that brought no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum AuroraError {
    /// Aurora answered with a status that is not a success.
    #[error("Aurora answered {} ({}){said}", .status.as_u16(), reason(*.status))]
    Status {
        /// Which one.
        status: StatusCode,
        /// Why, in Aurora's words.
        said: Said,
    },
    /// The gateway's configuration forbids it for everyone.
    #[error("{0} is not available through MCP")]
    Denied(String),
    /// Aurora doesn't take the gateway for what it is.
    #[error("Aurora refuses the gateway itself: its INTERNAL_API_SECRET is not Aurora's")]
    Secret,
    /// A success that is not JSON.
    #[error("Aurora answered {} with something that is not JSON", .0.as_u16())]
    NotJson(StatusCode),
    /// More bytes than a tool can use.
    #[error("Aurora's answer is larger than {} MiB", .0 / (1024 * 1024))]
    TooLarge(usize),
    /// No answer in time.
    #[error("Aurora did not answer in time")]
    Timeout,
    /// No connection, or it broke.
    #[error("Aurora cannot be reached")]
    Unreachable,
}

impl AuroraError {
    /// The label in logs and metrics; a finite set.
    pub fn category(&self) -> &'static str {
        match self {
            Self::Status { status, .. } if status.is_server_error() => "upstream_5xx",
            Self::Status { status, .. } if status.is_redirection() => "upstream_redirect",
            Self::Status { status: StatusCode::TOO_MANY_REQUESTS, .. } => "upstream_rate_limited",
            Self::Status { .. } => "upstream_4xx",
            Self::Denied(_) => "denied",
            Self::Secret => "upstream_secret",
            Self::NotJson(_) => "upstream_not_json",
            Self::TooLarge(_) => "upstream_too_large",
            Self::Timeout => "upstream_timeout",
            Self::Unreachable => "upstream_unreachable",
        }
    }

    /// The same call may succeed in a moment.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Status { status, .. } => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            Self::NotJson(status) => status.is_server_error(),
            Self::Timeout | Self::Unreachable => true,
            Self::TooLarge(_) | Self::Secret | Self::Denied(_) => false,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Status { status, .. } => status_hint(*status),
            Self::Denied(_) => "Use Aurora's own interface for it.",
            Self::Secret => {
                "Nothing that a client can do. An administrator has to correct the gateway's configuration."
            }
            Self::NotJson(_) => "This path serves a page or a file, not data. GET /api/routes lists the API.",
            Self::TooLarge(_) => "Ask for less: use limit and offset, or a narrower path.",
            Self::Timeout => {
                "It may be busy; try once more in a moment. If it stays like this, read aurora://health."
            }
            Self::Unreachable => {
                "The Aurora API is down or restarting; read aurora://health and try again in a minute."
            }
        }
    }
}

fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("unknown status")
}

fn status_hint(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "An argument is missing or out of range. Check the names and values against the API.",
        401 => {
            "Aurora doesn't know the user of this token. An administrator should check that the user still exists."
        }
        403 => "The user's role in Aurora doesn't allow this (viewer, editor, admin). Don't retry.",
        404 => {
            "Nothing there, or it belongs to another organisation. Check the id or path; GET /api/routes lists the API."
        }
        405 => "The path exists, but not with this method. GET /api/routes shows the methods.",
        409 => "It conflicts with the present state. Read the object again before you retry.",
        413 => "The request is too large for Aurora.",
        415 => "Send a JSON object in `body`.",
        422 => "The values are well formed, but Aurora can't process them.",
        429 => "Aurora's rate limit for this user is used up. Wait a minute before the next call.",
        300..=399 => {
            "The address redirects, and redirects are not followed. Check for a missing or extra slash at the end."
        }
        500 => "An error inside Aurora. A service it depends on may be down: read aurora://health.",
        502..=504 => "Aurora is overloaded or restarting. Read aurora://health and try again in a minute.",
        _ => "Read aurora://health, and check the path and arguments.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: u16) -> AuroraError {
        AuroraError::Status { status: StatusCode::from_u16(code).unwrap(), said: Said::nothing() }
    }

    #[test]
    fn every_error_says_what_happened_and_what_to_do() {
        for code in [301, 308, 400, 401, 403, 404, 405, 409, 413, 415, 418, 422, 429, 500, 502, 503, 504] {
            let error = status(code);
            assert!(error.to_string().contains(&code.to_string()));
            assert!(error.hint().ends_with('.'), "{code}");
        }
    }

    #[test]
    fn categories_tell_a_users_mistake_from_an_outage() {
        let category = |code| status(code).category();
        assert_eq!(category(404), "upstream_4xx");
        assert_eq!(category(429), "upstream_rate_limited");
        assert_eq!(category(503), "upstream_5xx");
        assert_eq!(category(308), "upstream_redirect");
    }
}
