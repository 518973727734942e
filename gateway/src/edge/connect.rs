//! A page for people who open the MCP address in a browser: how to connect a client, and whether a token works.
//!
//! It is the same for everyone and holds no secret. A pasted token goes to `/mcp` as a client's would.

use std::sync::LazyLock;

use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, Method, Request};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("connect/style.css");
const SCRIPT: &str = include_str!("connect/script.js");

static PAGE: LazyLock<String> = LazyLock::new(|| {
    include_str!("connect/page.html").replace("{{style}}", STYLE).replace("{{script}}", SCRIPT)
});

/// The page runs this style and this script and no other, loads nothing, and speaks to this gateway only.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT),
    )
});

fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// The page, if a browser's GET asks for it.
pub fn page<B>(request: &Request<B>) -> Option<Response> {
    let asked = request.method() == Method::GET && is_browser(request.headers());
    asked.then(|| {
        let headers = [
            (CONTENT_SECURITY_POLICY, POLICY.as_str()),
            (REFERRER_POLICY, "no-referrer"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (CACHE_CONTROL, "no-cache"),
            (VARY, "Accept"),
        ];
        (headers, Html(PAGE.as_str())).into_response()
    })
}

/// Browsers ask for HTML first; MCP clients never ask for it.
fn is_browser(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.trim_start().starts_with("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_loaded_from_elsewhere_and_nothing_is_inline_that_the_policy_does_not_name() {
        assert!(!PAGE.contains("{{"), "everything is filled in");
        for loads in ["src=", "<link", "@import", "url(", "style=\"", "onclick", "http://", "https://"] {
            assert!(!PAGE.contains(loads), "the page has {loads}");
        }
        assert_eq!((PAGE.matches("<style>").count(), PAGE.matches("<script").count()), (1, 1));
        assert!(!POLICY.contains("unsafe"));
    }

    #[test]
    fn the_policy_hashes_what_stands_in_the_page() {
        for (start, end, kind) in
            [("<style>", "</style>", "style-src"), ("<script type=\"module\">", "</script>", "script-src")]
        {
            let (_, rest) = PAGE.split_once(start).unwrap();
            let (text, _) = rest.split_once(end).unwrap();
            assert!(POLICY.contains(&format!("{kind} '{}'", hash(text))), "{kind}");
        }
    }

    #[test]
    fn the_page_is_small() {
        assert!(PAGE.len() < 20_000, "{} bytes", PAGE.len());
    }

    #[test]
    fn only_who_asks_for_html_first_is_a_browser() {
        for (accept, expected) in [
            (Some("text/html,application/xhtml+xml,*/*;q=0.8"), true),
            (Some("application/json, text/event-stream"), false),
            (Some("*/*"), false),
            (None, false),
        ] {
            let headers = accept.map(|text| (ACCEPT, text.parse().unwrap())).into_iter().collect();
            assert_eq!(is_browser(&headers), expected, "{accept:?}");
        }
    }
}
