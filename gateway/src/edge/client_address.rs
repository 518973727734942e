//! The address that a request really comes from, behind proxies that are trusted to say so.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies whose `X-Forwarded-For` is believed. Nobody's, unless configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// An entry that is neither an address nor a network.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is neither an address nor a network such as 10.0.0.0/8")]
pub struct ProxyError(String);

impl TrustedProxies {
    /// Reads addresses and networks.
    pub fn parse(entries: &[String]) -> Result<Self, ProxyError> {
        let read = |entry: &String| {
            entry
                .parse::<IpNet>()
                .or_else(|_| entry.parse::<IpAddr>().map(IpNet::from))
                .map_err(|_| ProxyError(entry.clone()))
        };
        entries.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Walks back from the peer through trusted proxies; the first address that is not one of them is the client.
    /// Everything before it is hearsay.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let said = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
        let hops: Vec<&str> = said.flat_map(|value| value.split(',')).map(str::trim).collect();
        for hop in hops.iter().rev() {
            if !self.trusts(client) {
                break;
            }
            match hop.parse::<IpAddr>() {
                Ok(address) => client = address.to_canonical(),
                Err(_) => break,
            }
        }
        client
    }

    /// Whether this is one of them.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address.to_canonical()))
    }

    /// Nobody: no proxy can vouch for anything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everybody: whoever reaches the gateway can say what only a proxy should.
    pub fn is_everybody(&self) -> bool {
        self.0.iter().any(|network| network.prefix_len() == 0)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let trusted: Vec<String> = trusted.iter().map(|text| (*text).to_owned()).collect();
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(value).unwrap());
        }
        TrustedProxies::parse(&trusted).unwrap().client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let proxies = ["10.0.0.0/8", "192.0.2.1"];
        for (peer, forwarded, expected) in [
            ("198.51.100.7", &["127.0.0.1"][..], "198.51.100.7"),
            ("10.1.1.1", &["203.0.113.9"], "203.0.113.9"),
            ("::ffff:10.1.1.1", &["203.0.113.9"], "203.0.113.9"),
            ("10.1.1.1", &["127.0.0.1, 203.0.113.9"], "203.0.113.9"),
            ("10.1.1.1", &["127.0.0.1", "203.0.113.9, 10.2.2.2"], "203.0.113.9"),
            ("10.1.1.1", &["203.0.113.9, 192.0.2.1"], "203.0.113.9"),
            ("10.1.1.1", &["10.3.3.3, 10.2.2.2"], "10.3.3.3"),
            ("10.1.1.1", &["nonsense"], "10.1.1.1"),
            ("10.1.1.1", &["203.0.113.9, nonsense"], "10.1.1.1"),
            ("10.1.1.1", &[], "10.1.1.1"),
        ] {
            assert_eq!(client(&proxies, peer, forwarded), expected, "{peer} {forwarded:?}");
        }
        assert_eq!(client(&[], "10.1.1.1", &["203.0.113.9"]), "10.1.1.1", "nobody is trusted by default");
    }

    #[test]
    fn a_proxy_is_known_by_its_own_address() {
        let proxies = TrustedProxies::parse(&["10.0.0.0/8".to_owned(), "192.0.2.1".to_owned()]).unwrap();
        for (address, expected) in [
            ("10.9.9.9", true),
            ("::ffff:10.9.9.9", true),
            ("192.0.2.1", true),
            ("192.0.2.2", false),
            ("::1", false),
        ] {
            assert_eq!(proxies.trusts(address.parse().unwrap()), expected, "{address}");
        }
        assert!(!proxies.is_everybody() && !proxies.is_empty());
        assert!(TrustedProxies::parse(&["::/0".to_owned()]).unwrap().is_everybody());
        assert!(TrustedProxies::default().is_empty());
    }

    #[test]
    fn what_is_no_network_is_named() {
        let error = TrustedProxies::parse(&["10.0.0.0/40".to_owned()]).unwrap_err();
        assert!(error.to_string().starts_with("\"10.0.0.0/40\" is neither"));
    }
}
