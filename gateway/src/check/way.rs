//! The way to a gateway with TLS of its own: whom to trust, and where the name in its certificate really leads.

use std::time::Duration;

use reqwest::{Certificate, Client};
use url::Url;

use super::CheckError;

/// Where requests go, and the client that sends them.
pub(super) struct Way {
    pub(super) address: String,
    pub(super) http: Client,
}

impl Way {
    /// To `address`. `authority` is a file with the only authorities to be trusted; if there is none, the public ones are. `through`
    /// is the `host:port` that is really asked: a Service, while the certificate is for the name outside.
    pub(super) async fn find(
        address: &str,
        authority: Option<&str>,
        through: Option<&str>,
    ) -> Result<Self, CheckError> {
        // Whoever installed one before is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let way = |problem: String| CheckError::Way { problem };
        let mut address = Url::parse(address).map_err(|error| way(format!("{address}: {error}")))?;
        let mut builder =
            Client::builder().timeout(Duration::from_secs(20)).redirect(reqwest::redirect::Policy::none());
        if let Some(pem) = authority.and_then(|path| std::fs::read(path).ok()) {
            let roots =
                Certificate::from_pem_bundle(&pem).map_err(|error| way(format!("the authority: {error}")))?;
            builder = builder.tls_certs_only(roots);
        }
        if let Some(through) = through {
            let found = tokio::net::lookup_host(through).await;
            let found: Vec<_> = found.map_err(|error| way(format!("{through}: {error}")))?.collect();
            // The client takes the port from the address, not from what it was resolved to.
            let _ = address.set_port(found.first().map(std::net::SocketAddr::port));
            builder = builder.resolve_to_addrs(address.host_str().unwrap_or_default(), &found);
        }
        let http = builder.build().map_err(|error| way(error.to_string()))?;
        Ok(Self { address: address.into(), http })
    }
}
