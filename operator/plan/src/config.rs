//! What the operator's administrator decided.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::Tenants;

/// Settings that a plan depends on.
#[derive(Debug, Clone)]
pub struct Config {
    /// Tells this operator's rows from those of another that shares the database.
    pub installation: String,
    /// The gateway's Service.
    pub gateway: GatewayAddress,
    /// The address written into Secrets when clients reach the gateway by another way than its Service.
    pub public_url: Option<String>,
    /// The longest life of a token; none: as long as people like.
    pub max_ttl: Option<SignedDuration>,
    /// Who may mint for whom.
    pub tenants: Tenants,
}

/// The gateway's Service, and the pods behind it.
#[derive(Debug, Clone)]
pub struct GatewayAddress {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub service: String,
    /// Its port.
    pub port: i32,
    /// What it speaks there.
    pub scheme: Scheme,
    /// The Helm release that brings the Service, if one does.
    pub release: Option<String>,
    /// The labels of the gateway's pods, for a Service that the operator has to make.
    pub selector: BTreeMap<String, String>,
}

/// What the gateway speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP; an ingress, or nobody, adds TLS.
    Http,
    /// TLS of its own.
    Https,
}

impl Scheme {
    /// As it stands before the colon.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

impl GatewayAddress {
    /// The name that resolves everywhere in the cluster.
    pub fn host(&self) -> String {
        format!("{}.{}.svc.cluster.local", self.service, self.namespace)
    }
}
