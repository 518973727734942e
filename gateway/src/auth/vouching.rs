//! A proxy's word for who is signed in: where it is asked for, a token works for its own user only, and only through the proxy.

use std::net::IpAddr;

use aurora_mcp_store::Principal;
use http::{HeaderMap, HeaderName};

/// Who sent a request.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// The client, behind proxies that are trusted to name it.
    pub client: IpAddr,
    /// Whether the connection itself comes from a trusted proxy.
    pub is_proxy: bool,
}

/// Why the proxy's word does not let a request in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unvouched {
    /// The request came another way.
    NotThroughProxy,
    /// The proxy names nobody, or several.
    Nobody,
    /// It names another user than the token's.
    SomebodyElse,
    /// The token's user can't be compared: the gateway's role may not read addresses.
    OwnerUnreadable,
}

impl Unvouched {
    /// The reason in bodies, logs and metrics.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotThroughProxy => "not_through_proxy",
            Self::Nobody => "nobody_signed_in",
            Self::SomebodyElse => "another_users_token",
            Self::OwnerUnreadable => "owner_unreadable",
        }
    }

    /// What to do about it. Names nobody: neither is the other's business.
    pub fn message(self) -> &'static str {
        match self {
            Self::NotThroughProxy => {
                "This gateway takes requests from its sign-in proxy alone. Use the public address instead of the Service or a \
                 port-forward."
            }
            Self::Nobody => {
                "The sign-in proxy named no user, or more than one. Sign in again; if that doesn't help, an administrator should \
                 look at the header that MCP_PROXY_EMAIL_HEADER (gateway.proxy.emailHeader in the chart) names."
            }
            Self::SomebodyElse => {
                "This token belongs to another user of Aurora than the one who is signed in at the proxy. Use a token of your own."
            }
            Self::OwnerUnreadable => {
                "The gateway's database role may not read whose token this is, so it is not accepted. An administrator should \
                 run store/roles.sql."
            }
        }
    }
}

/// Whether the proxy's word is asked for, and in which header it gives it.
#[derive(Clone, Debug, Default)]
pub struct Vouching(Option<HeaderName>);

/// The address that the proxy vouches for; none where it isn't asked.
#[derive(Debug)]
pub struct Vouched<'a>(Option<&'a str>);

impl Vouching {
    /// By this header of a trusted proxy; none: nobody is asked.
    pub fn by(header: Option<HeaderName>) -> Self {
        Self(header)
    }

    /// Whether a token needs the proxy's word.
    pub fn is_asked_for(&self) -> bool {
        self.0.is_some()
    }

    /// Reads the proxy's word. From anybody else the header counts for nothing.
    pub fn vouched<'a>(&self, headers: &'a HeaderMap, peer: Peer) -> Result<Vouched<'a>, Unvouched> {
        let Some(header) = &self.0 else { return Ok(Vouched(None)) };
        if !peer.is_proxy {
            return Err(Unvouched::NotThroughProxy);
        }
        let mut values = headers.get_all(header).iter();
        // A second value may be the client's own.
        let (Some(value), None) = (values.next(), values.next()) else { return Err(Unvouched::Nobody) };
        let email = std::str::from_utf8(value.as_bytes()).map_err(|_| Unvouched::Nobody)?.trim();
        if email.is_empty() || email.contains(',') {
            return Err(Unvouched::Nobody);
        }
        Ok(Vouched(Some(email)))
    }
}

impl Vouched<'_> {
    /// Whether this is the user of the token. Letters of ASCII count the same in either case, as in Aurora's own lookups.
    pub fn is_owner(&self, principal: &Principal) -> Result<(), Unvouched> {
        let Some(vouched) = self.0 else { return Ok(()) };
        let owner = principal.email.as_deref().ok_or(Unvouched::OwnerUnreadable)?;
        if owner.eq_ignore_ascii_case(vouched) { Ok(()) } else { Err(Unvouched::SomebodyElse) }
    }
}

#[cfg(test)]
mod tests {
    use aurora_mcp_store::{Access, OrgId, TokenDigest, TokenId, UserId};

    use super::*;

    const HEADER: HeaderName = HeaderName::from_static("x-forwarded-email");

    fn principal(email: Option<&str>) -> Principal {
        Principal {
            token_id: TokenId(1),
            digest: TokenDigest::of("token"),
            user_id: UserId::new("alice"),
            org_id: OrgId::new("alpha"),
            name: None,
            expires_at: None,
            access: Access::default(),
            email: email.map(str::to_owned),
        }
    }

    /// What becomes of a request with these values of the header and a token of alice@alpha.example.
    fn judged(is_proxy: bool, values: &[&str]) -> Result<(), Unvouched> {
        let headers: HeaderMap = values.iter().map(|value| (HEADER, value.parse().unwrap())).collect();
        let peer = Peer { client: [192, 0, 2, 1].into(), is_proxy };
        Vouching::by(Some(HEADER)).vouched(&headers, peer)?.is_owner(&principal(Some("alice@alpha.example")))
    }

    #[test]
    fn a_token_works_for_the_user_whom_the_proxy_names_and_for_no_other() {
        for (values, expected) in [
            (&["alice@alpha.example"][..], Ok(())),
            (&["Alice@Alpha.example "], Ok(())),
            (&["bob@beta.example"], Err(Unvouched::SomebodyElse)),
            (&["alice@alpha.example.evil.example"], Err(Unvouched::SomebodyElse)),
            (&["alice"], Err(Unvouched::SomebodyElse)),
            (&["a\u{307}lice@alpha.example"], Err(Unvouched::SomebodyElse)),
            (&[], Err(Unvouched::Nobody)),
            (&[" "], Err(Unvouched::Nobody)),
            (&["alice@alpha.example", "bob@beta.example"], Err(Unvouched::Nobody)),
            (&["alice@alpha.example", "alice@alpha.example"], Err(Unvouched::Nobody)),
            (&["bob@beta.example,alice@alpha.example"], Err(Unvouched::Nobody)),
        ] {
            assert_eq!(judged(true, values), expected, "{values:?}");
        }
    }

    #[test]
    fn nobody_but_the_proxy_is_believed() {
        assert_eq!(judged(false, &["alice@alpha.example"]), Err(Unvouched::NotThroughProxy));
        assert_eq!(judged(false, &[]), Err(Unvouched::NotThroughProxy));
    }

    #[test]
    fn an_owner_whose_address_can_not_be_read_is_nobodys() {
        let vouched = Vouched(Some("alice@alpha.example"));
        assert_eq!(vouched.is_owner(&principal(None)), Err(Unvouched::OwnerUnreadable));
    }

    #[test]
    fn without_a_header_to_look_at_nothing_is_asked() {
        let peer = Peer { client: [192, 0, 2, 1].into(), is_proxy: false };
        let headers = HeaderMap::new();
        assert_eq!(Vouching::default().vouched(&headers, peer).unwrap().is_owner(&principal(None)), Ok(()));
    }
}
