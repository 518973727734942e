//! Host and Origin: a page in somebody's browser must not reach the gateway by DNS rebinding.
//!
//! Rebinding needs a name that the attacker resolves, so a Host that is an address is let in; an Origin is not.

use std::net::IpAddr;

use axum::response::{IntoResponse, Response};
use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, StatusCode, Uri};
use url::Url;

use super::answers::refusal;

/// Whom to let in besides loopback.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuardSettings {
    hosts: Allowed,
    origins: Allowed,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Allowed {
    any: bool,
    /// `host` (any port), `*.suffix` or `host:port`, in lower case; for origins also `scheme://host[:port]`.
    entries: Vec<String>,
}

impl Allowed {
    fn new(entries: &[String]) -> Self {
        Self {
            any: entries.iter().any(|entry| entry == "*"),
            entries: entries.iter().map(|entry| entry.trim_end_matches('/').to_ascii_lowercase()).collect(),
        }
    }

    fn has(&self, text: &str) -> bool {
        self.entries.iter().any(|entry| match entry.strip_prefix('*') {
            Some(suffix) if suffix.starts_with('.') => text.len() > suffix.len() && text.ends_with(suffix),
            _ => entry == text,
        })
    }
}

impl GuardSettings {
    /// `MCP_ALLOWED_HOSTS` and `MCP_ALLOWED_ORIGINS`; `*` allows all.
    pub fn new(hosts: &[String], origins: &[String]) -> Self {
        Self { hosts: Allowed::new(hosts), origins: Allowed::new(origins) }
    }

    fn permits_host(&self, host: &str) -> bool {
        let Ok(authority) = host.to_ascii_lowercase().parse::<Authority>() else { return false };
        if authority.as_str().contains('@') {
            return false;
        }
        let name = authority.host();
        self.hosts.any
            || is_loopback(name)
            || is_address(name)
            || self.hosts.has(name)
            || self.hosts.has(authority.as_str())
    }

    fn permits_origin(&self, origin: &str) -> bool {
        if self.origins.any {
            return true;
        }
        let Ok(url) = Url::parse(origin) else { return false };
        let Some(host) = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https")) else {
            return false;
        };
        is_loopback(host) || self.origins.has(host) || self.origins.has(&url.origin().ascii_serialization())
    }
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

fn is_address(host: &str) -> bool {
    host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok()
}

/// What is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The Host is not ours.
    Host,
    /// The Origin is not allowed.
    Origin,
}

impl Refused {
    /// The label in metrics.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Origin => "origin",
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Host => refusal(
                StatusCode::MISDIRECTED_REQUEST,
                "host_not_allowed",
                "The gateway doesn't serve this host name. Its operator can add it: gateway.allowedHosts in the chart, or MCP_ALLOWED_HOSTS.",
            ),
            Self::Origin => refusal(
                StatusCode::FORBIDDEN,
                "origin_not_allowed",
                "Pages of this origin may not call the gateway. Its operator can add it: gateway.allowedOrigins in the chart, or MCP_ALLOWED_ORIGINS.",
            ),
        }
    }
}

/// Lets a request in, or not, by its Host and Origin.
pub fn judge(settings: &GuardSettings, uri: &Uri, headers: &HeaderMap) -> Result<(), Refused> {
    let mut hosts = headers.get_all(HOST).iter();
    let header = match (hosts.next(), hosts.next()) {
        (Some(host), None) => Some(host.to_str().map_err(|_| Refused::Host)?),
        (None, _) => None,
        (Some(_), Some(_)) => return Err(Refused::Host),
    };
    // HTTP/2 carries it in the address, and so does HTTP/1 for a proxy, where it counts more than the header (RFC 9112 §3.2.2).
    let named = [header, uri.authority().map(Authority::as_str)];
    if named == [None, None] || !named.into_iter().flatten().all(|host| settings.permits_host(host)) {
        return Err(Refused::Host);
    }
    for origin in headers.get_all(ORIGIN) {
        let origin = origin.to_str().map_err(|_| Refused::Origin)?;
        if !settings.permits_origin(origin) {
            return Err(Refused::Origin);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn judged(pairs: &[(HeaderName, &str)], hosts: &[&str], origins: &[&str]) -> Result<(), Refused> {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        judge(&GuardSettings::new(&owned(hosts), &owned(origins)), &Uri::from_static("/mcp"), &headers)
    }

    #[test]
    fn loopback_and_listed_hosts_are_served() {
        for host in ["localhost", "localhost:8811", "127.0.0.1:1", "[::1]:8811", "LOCALHOST"] {
            assert_eq!(judged(&[(HOST, host)], &[], &[]), Ok(()), "{host}");
        }
        let listed = ["aurora-oss-mcp", "mcp.example.com:443"];
        assert_eq!(judged(&[(HOST, "aurora-oss-mcp:8811")], &listed, &[]), Ok(()));
        assert_eq!(judged(&[(HOST, "MCP.example.com:443")], &listed, &[]), Ok(()));
        assert_eq!(judged(&[(HOST, "mcp.example.com:80")], &listed, &[]), Err(Refused::Host));
        assert_eq!(judged(&[(HOST, "anything.at.all")], &["*"], &[]), Ok(()));
    }

    #[test]
    fn a_suffix_covers_names_below_it_and_nothing_else() {
        let below = |host| judged(&[(HOST, host)], &["*.svc.cluster.local"], &[]);
        for host in ["a.svc.cluster.local", "named.team.svc.cluster.local:8811"] {
            assert_eq!(below(host), Ok(()), "{host}");
        }
        for host in [
            ".svc.cluster.local",
            "svc.cluster.local",
            "evil-svc.cluster.local",
            "a.svc.cluster.local.evil.example",
        ] {
            assert_eq!(below(host), Err(Refused::Host), "{host}");
        }
    }

    #[test]
    fn addresses_are_served_because_they_can_not_be_rebound() {
        for host in ["10.96.0.7", "10.96.0.7:8811", "[fd00::7]:8811"] {
            assert_eq!(judged(&[(HOST, host)], &[], &[]), Ok(()), "{host}");
            let origin = format!("http://{host}");
            assert_eq!(
                judged(&[(HOST, host), (ORIGIN, &origin)], &[], &[]),
                Err(Refused::Origin),
                "{origin}"
            );
        }
    }

    #[test]
    fn other_hosts_are_refused() {
        for host in
            ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "user@localhost", "", "a b"]
        {
            assert_eq!(judged(&[(HOST, host)], &[], &[]), Err(Refused::Host), "{host}");
        }
        assert_eq!(judged(&[], &[], &[]), Err(Refused::Host));
        assert_eq!(judged(&[(HOST, "localhost"), (HOST, "localhost")], &[], &[]), Err(Refused::Host));
    }

    #[test]
    fn a_host_in_the_address_counts_as_well() {
        let judged = |uri: &'static str, host: Option<&'static str>| {
            let headers = host.map(|host| (HOST, HeaderValue::from_static(host))).into_iter().collect();
            judge(&GuardSettings::default(), &Uri::from_static(uri), &headers)
        };
        assert_eq!(judged("http://localhost:8811/mcp", None), Ok(()), "HTTP/2");
        assert_eq!(judged("http://localhost/mcp", Some("127.0.0.1")), Ok(()));
        assert_eq!(judged("http://evil.example/mcp", Some("localhost")), Err(Refused::Host));
        assert_eq!(judged("http://localhost/mcp", Some("evil.example")), Err(Refused::Host));
    }

    #[test]
    fn a_page_needs_an_allowed_origin_and_a_program_needs_none() {
        let judged =
            |origin: &str, origins: &[&str]| judged(&[(HOST, "localhost"), (ORIGIN, origin)], &[], origins);
        for origin in ["http://localhost", "http://localhost:3000", "http://127.0.0.1:6274", "http://[::1]:1"]
        {
            assert_eq!(judged(origin, &[]), Ok(()), "{origin}");
        }
        for origin in
            ["https://evil.example", "http://localhost.evil.example", "null", "", "file:///x", "localhost"]
        {
            assert_eq!(judged(origin, &[]), Err(Refused::Origin), "{origin}");
        }
        assert_eq!(judged("https://app.example.com", &["https://app.example.com"]), Ok(()));
        assert_eq!(judged("https://app.example.com", &["app.example.com"]), Ok(()));
        assert_eq!(judged("http://app.example.com", &["https://app.example.com"]), Err(Refused::Origin));
        assert_eq!(judged("https://any.example", &["*"]), Ok(()));
    }
}
