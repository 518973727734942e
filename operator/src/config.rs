//! The environment, read once. Every default of the operator stands here.

use std::collections::BTreeMap;
use std::num::ParseIntError;

use aurora_mcp_plan::{Config as PlanConfig, GatewayAddress, Scheme, Tenants};
use aurora_mcp_store::{Settings, SettingsError};
use jiff::SignedDuration;

/// What the operator is told by its environment.
#[derive(Debug, Clone)]
pub struct Config {
    /// The operator's own namespace, where its Lease is.
    pub namespace: String,
    /// The namespaces whose McpTokens are served; empty: all.
    pub watch_namespaces: Vec<String>,
    /// The Lease that replicas compete for.
    pub lease_name: String,
    /// This replica's name.
    pub identity: String,
    /// Where `/healthz`, `/readyz` and `/metrics` are served.
    pub http_port: u16,
    /// What plans depend on.
    pub plan: PlanConfig,
    /// Aurora's database.
    pub database: Settings,
}

/// A variable that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable without a default is not set.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// A port that is none.
    #[error("{name} is no port: {source}")]
    Port {
        /// The variable.
        name: &'static str,
        /// Why.
        source: ParseIntError,
    },
    /// Neither of the two.
    #[error("GATEWAY_SCHEME: {0:?} is neither http nor https")]
    Scheme(String),
    /// A list of labels that can't be read.
    #[error("GATEWAY_SELECTOR: {0:?} is not key=value")]
    Selector(String),
    /// A duration that can't be read.
    #[error("MAX_TTL: {0:?} is not a duration: write hours, minutes and seconds, such as 2160h for 90 days")]
    MaxTtl(String),
    /// Rules that can't be read.
    #[error("TENANTS is not a list of rules: {0}")]
    Tenants(#[from] serde_json::Error),
    /// Aurora's database.
    #[error(transparent)]
    Database(#[from] SettingsError),
}

impl Config {
    /// Reads the configuration through `lookup`.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let get =
            |name: &str| lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let namespace = get("OPERATOR_NAMESPACE").ok_or(ConfigError::Missing("OPERATOR_NAMESPACE"))?;
        let lease_name = get("LEASE_NAME").unwrap_or_else(|| "aurora-mcp-operator".into());
        let gateway = GatewayAddress {
            namespace: get("GATEWAY_SERVICE_NAMESPACE").unwrap_or_else(|| namespace.clone()),
            service: get("GATEWAY_SERVICE").unwrap_or_else(|| "aurora-oss-mcp".into()),
            port: port("GATEWAY_PORT", get("GATEWAY_PORT"), 8811)?.into(),
            release: get("GATEWAY_SERVICE_RELEASE"),
            scheme: scheme(get("GATEWAY_SCHEME"))?,
            selector: selector(&get("GATEWAY_SELECTOR").unwrap_or_default())?,
        };
        let list = get("TENANTS").map(|json| serde_json::from_str(&json)).transpose()?.unwrap_or_default();
        let plan = PlanConfig {
            installation: get("INSTALLATION").unwrap_or_else(|| format!("{namespace}/{lease_name}")),
            gateway,
            public_url: get("GATEWAY_URL"),
            max_ttl: get("MAX_TTL").map(max_ttl).transpose()?,
            tenants: Tenants { release_namespace: Some(namespace.clone()), list },
        };
        Ok(Self {
            watch_namespaces: words(&get("WATCH_NAMESPACES").unwrap_or_default()),
            identity: get("POD_NAME")
                .or_else(|| get("HOSTNAME"))
                .unwrap_or_else(|| "aurora-mcp-operator".into()),
            http_port: port("HTTP_PORT", get("HTTP_PORT"), 8080)?,
            database: Settings::from_lookup(lookup)?,
            namespace,
            lease_name,
            plan,
        })
    }
}

/// The process's environment; for `X` that is not set, the content of the file that `X_FILE` names.
#[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().or_else(|| {
        let path = std::env::var(format!("{name}_FILE")).ok()?;
        std::fs::read_to_string(path).ok().map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
    })
}

fn words(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn port(name: &'static str, text: Option<String>, default: u16) -> Result<u16, ConfigError> {
    text.map_or(Ok(default), |text| text.parse().map_err(|source| ConfigError::Port { name, source }))
}

fn scheme(text: Option<String>) -> Result<Scheme, ConfigError> {
    let Some(text) = text else { return Ok(Scheme::Http) };
    let known = [Scheme::Http, Scheme::Https];
    known.into_iter().find(|scheme| scheme.as_str() == text).ok_or(ConfigError::Scheme(text))
}

fn selector(text: &str) -> Result<BTreeMap<String, String>, ConfigError> {
    words(text)
        .into_iter()
        .map(|pair| match pair.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
            _ => Err(ConfigError::Selector(pair)),
        })
        .collect()
}

fn max_ttl(text: String) -> Result<SignedDuration, ConfigError> {
    match text.parse::<SignedDuration>() {
        Ok(duration) if duration > SignedDuration::ZERO => Ok(duration),
        _ => Err(ConfigError::MaxTtl(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let base = [
            ("OPERATOR_NAMESPACE", "aurora-oss"),
            ("POSTGRES_HOST", "db"),
            ("POSTGRES_DB", "aurora"),
            ("POSTGRES_USER", "aurora"),
        ];
        Config::from_lookup(|name| {
            pairs.iter().chain(&base).find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn defaults_are_the_documented_names() {
        let config = read(&[]).unwrap();
        assert_eq!(config.plan.gateway.host(), "aurora-oss-mcp.aurora-oss.svc.cluster.local");
        assert_eq!((config.plan.gateway.port, config.http_port), (8811, 8080));
        assert_eq!(config.lease_name, "aurora-mcp-operator");
        assert!(config.watch_namespaces.is_empty());
        assert_eq!(config.plan.tenants.release_namespace.as_deref(), Some("aurora-oss"));
    }

    #[test]
    fn lists_are_read() {
        let config = read(&[
            ("WATCH_NAMESPACES", "a, b,"),
            ("GATEWAY_SELECTOR", "app.kubernetes.io/name=aurora-mcp, x="),
            ("TENANTS", r#"[{"namespace":"sre","organisations":["*"]}]"#),
            ("MAX_TTL", "2160h"),
        ])
        .unwrap();
        assert_eq!(config.watch_namespaces, ["a", "b"]);
        assert_eq!(config.plan.gateway.selector["app.kubernetes.io/name"], "aurora-mcp");
        assert_eq!(config.plan.tenants.list[0].namespace.as_deref(), Some("sre"));
        assert_eq!(config.plan.max_ttl, Some(SignedDuration::from_hours(2160)));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (pair, message) in [
            (("OPERATOR_NAMESPACE", ""), "OPERATOR_NAMESPACE is not set"),
            (("HTTP_PORT", "x"), "HTTP_PORT is no port: invalid digit found in string"),
            (("GATEWAY_SCHEME", "tcp"), r#"GATEWAY_SCHEME: "tcp" is neither http nor https"#),
            (("GATEWAY_SELECTOR", "app"), r#"GATEWAY_SELECTOR: "app" is not key=value"#),
            (
                ("MAX_TTL", "-1h"),
                r#"MAX_TTL: "-1h" is not a duration: write hours, minutes and seconds, such as 2160h for 90 days"#,
            ),
            (
                ("MAX_TTL", "90d"),
                r#"MAX_TTL: "90d" is not a duration: write hours, minutes and seconds, such as 2160h for 90 days"#,
            ),
            (("POSTGRES_HOST", ""), "POSTGRES_HOST is not set"),
        ] {
            assert_eq!(read(&[pair]).unwrap_err().to_string(), message);
        }
        assert!(read(&[("TENANTS", r#"[{"namespace":"a","everything":true}]"#)]).is_err());
    }
}
