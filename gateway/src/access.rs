//! What a token may do: the rules stored with it, and what the gateway never does for anyone.

use aurora_mcp_store::{Access, ApiRule, Mode};
use http::Method;

use crate::aurora::ApiPath;

/// `POST` routes that only read (contract §5.3).
const READS_BY_POST: [&str; 11] = [
    "/api/knowledge-base/search",
    "/confluence/fetch",
    "/confluence/parse",
    "/datadog/logs/search",
    "/datadog/metrics/query",
    "/jira/search",
    "/sharepoint/fetch-document",
    "/sharepoint/fetch-page",
    "/sharepoint/search",
    "/splunk/search",
    "/splunk/search/jobs",
];

/// `GET` routes that hand out secrets or do something (contract §7).
const GETS_THAT_DO_MORE: [&str; 2] = ["/debug/user-info", "/user_tokens"];
/// The same, by their last segment: OAuth redirects and addresses that carry a secret.
const ENDINGS_THAT_DO_MORE: [&str; 3] = ["callback", "login", "webhook-url"];

/// The rules of one token.
#[derive(Clone, Debug)]
pub struct AccessRules(Access);

impl From<Access> for AccessRules {
    fn from(access: Access) -> Self {
        Self(access)
    }
}

impl AccessRules {
    /// All that the user may do: a token in clear.
    pub fn unlimited() -> Self {
        Self(Access::default())
    }

    /// Nothing may be changed.
    pub fn is_read_only(&self) -> bool {
        self.0.mode == Mode::ReadOnly
    }

    /// The tool may be listed and called.
    pub fn permits_tool(&self, name: &str) -> bool {
        self.0.tools.as_ref().is_none_or(|tools| tools.iter().any(|tool| tool == name))
    }

    /// `aurora_api` may send this request.
    pub fn permits_request(&self, method: &Method, path: &ApiPath) -> bool {
        let mode = !self.is_read_only() || reads(method, path);
        mode && self.0.api.as_ref().is_none_or(|rules| rules.iter().any(|rule| matches(rule, method, path)))
    }
}

fn reads(method: &Method, path: &ApiPath) -> bool {
    match *method {
        Method::GET | Method::HEAD => only_reads(path),
        Method::POST => READS_BY_POST.contains(&path.decoded().trim_end_matches('/')),
        _ => false,
    }
}

fn only_reads(path: &ApiPath) -> bool {
    let more = GETS_THAT_DO_MORE.contains(&path.decoded().trim_end_matches('/'));
    !more && !path.segments().last().is_some_and(|last| ENDINGS_THAT_DO_MORE.contains(&last))
}

/// Requests that `aurora_api` never sends, whoever asks.
#[derive(Clone, Debug)]
pub struct DenyList(Vec<ApiRule>);

/// A line of the deny list that is not `METHOD /path`.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0:?}: expected METHOD[,METHOD] /path, where * stands for one segment and a final ** for all that follow"
)]
pub struct RuleError(String);

impl DenyList {
    /// A token may not mint further tokens (contract §7).
    pub const DEFAULT: &str = "POST /api/mcp/tokens";

    /// Reads `METHOD[,METHOD] /path; …`; `*` as method means all of them.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        text.split(';')
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(rule)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The request is on the list.
    pub fn denies(&self, method: &Method, path: &ApiPath) -> bool {
        self.0.iter().any(|rule| matches(rule, method, path))
    }
}

fn rule(line: &str) -> Result<ApiRule, RuleError> {
    let (methods, path) = line
        .split_once(char::is_whitespace)
        .map(|(methods, path)| (methods, path.trim()))
        .filter(|(_, path)| path.starts_with('/'))
        .ok_or_else(|| RuleError(line.to_owned()))?;
    let methods =
        if methods == "*" { Vec::new() } else { methods.split(',').map(str::to_ascii_uppercase).collect() };
    Ok(ApiRule { methods, path: path.to_owned() })
}

/// No methods: all of them. `*` stands for one segment, a final `**` for all that follows.
fn matches(rule: &ApiRule, method: &Method, path: &ApiPath) -> bool {
    let named = |method: &Method| rule.methods.iter().any(|name| name.eq_ignore_ascii_case(method.as_str()));
    // Flask answers HEAD by running what it runs for GET, so whoever permits or denies that means both.
    let method = rule.methods.is_empty() || named(method) || (*method == Method::HEAD && named(&Method::GET));
    method && path_matches(&rule.path, path)
}

fn path_matches(pattern: &str, path: &ApiPath) -> bool {
    let mut segments = path.segments();
    let mut patterns = pattern.split('/').filter(|segment| !segment.is_empty()).peekable();
    while let Some(wanted) = patterns.next() {
        if wanted == "**" && patterns.peek().is_none() {
            return true;
        }
        match segments.next() {
            Some(segment) if wanted == "*" || wanted == segment => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> ApiPath {
        ApiPath::parse(text).unwrap()
    }

    #[test]
    fn patterns_match_whole_segments() {
        for (pattern, text, expected) in [
            ("/api/incidents", "/api/incidents", true),
            ("/api/incidents", "/api/incidents/", true),
            ("/api/incidents", "/api/incidents/1", false),
            ("/api/incidents", "/api/incidentsx", false),
            ("/api/incidents/*", "/api/incidents/1", true),
            ("/api/incidents/*", "/api/incidents/1/alerts", false),
            ("/api/incidents/*/alerts", "/api/incidents/1/alerts", true),
            ("/api/incidents/**", "/api/incidents/1/alerts", true),
            ("/api/incidents/**", "/api/incidents", true),
            ("/api/incidents/**", "/api/actions", false),
            ("/**", "/anything/at/all", true),
            ("/api/mcp/tokens", "/api/mcp/%74okens", true),
            ("/api/mcp/tokens", "/api/mcp%2Ftokens", true),
        ] {
            assert_eq!(path_matches(pattern, &path(text)), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_read_only_token_reads_and_nothing_else() {
        let rules = AccessRules(Access { mode: Mode::ReadOnly, ..Access::default() });
        for (method, text, expected) in [
            (Method::GET, "/api/incidents", true),
            (Method::GET, "/user_tokens", false),
            (Method::GET, "/slack/callback", false),
            (Method::HEAD, "/api/incidents", true),
            (Method::HEAD, "/slack/callback", false),
            (Method::GET, "/pagerduty/webhook-url/", false),
            (Method::POST, "/api/knowledge-base/search", true),
            (Method::POST, "/jira/search/", true),
            (Method::POST, "/jira/issue", false),
            (Method::POST, "/api/knowledge-base/search/x", false),
            (Method::PATCH, "/api/incidents/1", false),
            (Method::DELETE, "/api/actions/1", false),
            (Method::PUT, "/api/actions/1", false),
        ] {
            assert_eq!(rules.permits_request(&method, &path(text)), expected, "{method} {text}");
        }
    }

    #[test]
    fn api_rules_narrow_what_the_mode_allows() {
        let rule = ApiRule {
            methods: vec!["GET".to_owned(), "POST".to_owned()],
            path: "/api/incidents/**".to_owned(),
        };
        let rules = AccessRules(Access { mode: Mode::ReadOnly, tools: None, api: Some(vec![rule]) });
        assert!(rules.permits_request(&Method::GET, &path("/api/incidents/1")));
        assert!(!rules.permits_request(&Method::POST, &path("/api/incidents/1")), "the mode still counts");
        assert!(!rules.permits_request(&Method::GET, &path("/api/actions")));
    }

    #[test]
    fn a_rule_about_get_is_about_head_too_and_not_the_other_way_round() {
        let list = DenyList::parse("GET /api/org; HEAD /api/admin").unwrap();
        for (method, text, expected) in [
            (Method::HEAD, "/api/org", true),
            (Method::POST, "/api/org", false),
            (Method::HEAD, "/api/admin", true),
            (Method::GET, "/api/admin", false),
        ] {
            assert_eq!(list.denies(&method, &path(text)), expected, "{method} {text}");
        }
    }

    #[test]
    fn an_empty_list_permits_nothing() {
        let rules = AccessRules(Access { mode: Mode::ReadWrite, tools: Some(vec![]), api: Some(vec![]) });
        assert!(!rules.permits_tool("list_incidents"));
        assert!(!rules.permits_request(&Method::GET, &path("/api/incidents")));
    }

    #[test]
    fn minting_tokens_is_denied_in_every_spelling() {
        let list = DenyList::parse(DenyList::DEFAULT).unwrap();
        for text in ["/api/mcp/tokens", "/api/mcp/tokens/", "/api/mcp/%74okens", "/api%2Fmcp/tokens"] {
            assert!(list.denies(&Method::POST, &path(text)), "{text}");
        }
        assert!(!list.denies(&Method::GET, &path("/api/mcp/tokens")));
    }

    #[test]
    fn deny_lists_are_read_or_refused() {
        let list = DenyList::parse("post,put /api/org/**; * /api/admin/**;").unwrap();
        assert!(list.denies(&Method::PUT, &path("/api/org/x")));
        assert!(list.denies(&Method::GET, &path("/api/admin")));
        assert!(!list.denies(&Method::GET, &path("/api/org/x")));
        assert!(DenyList::parse("").is_ok());
        for text in ["/api/org", "POST", "POST api/org"] {
            assert!(DenyList::parse(text).is_err(), "{text}");
        }
    }
}
