//! What to ask, and where: Aurora's own variables. What is wrong here makes one component misconfigured, not the
//! gateway.

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

const DEFAULT_REDIS_URL: &str = "redis://redis:6379/0";
const DEFAULT_WEAVIATE_HOST: &str = "weaviate";
/// `BACKEND_URL` where it is not set.
pub const DEFAULT_BACKEND_URL: &str = "http://aurora-server:5080";
/// Aurora's health check connects to this port whatever `CHATBOT_INTERNAL_URL` says.
const CHATBOT_PORT: u16 = 5006;
const CHATBOT_HEALTH_PORT: u16 = 5007;

/// Where all components are.
#[derive(Debug, Clone)]
pub struct HealthConfig {
    /// Host and port of Postgres, to tell why no connection can be had.
    pub postgres: Configured<(String, u16)>,
    /// `MCP_PROXY_EMAIL_HEADER`: whether addresses of users must be readable.
    pub reads_email: bool,
    /// The broker: Redis and Celery.
    pub redis: Configured<RedisSettings>,
    /// Weaviate.
    pub weaviate: Configured<WeaviateSettings>,
    /// Aurora's server.
    pub aurora_api: Configured<Url>,
    /// Aurora's WebSocket server.
    pub chatbot: Configured<ChatbotSettings>,
    /// The release whose workloads are watched.
    pub kubernetes: Configured<ReleaseSettings>,
}

/// A setting that may be absent, or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Configured<T> {
    /// Usable.
    Yes(T),
    /// Not given: the component is not asked.
    No,
    /// Given and not understood; the text names the variable and never its value.
    Wrong(String),
}

/// How to reach Redis.
#[derive(Debug, Clone)]
pub struct RedisSettings {
    /// `REDIS_URL`, which may hold a password.
    pub url: SecretString,
    /// `REDIS_SSL_CA_CERTS`.
    pub ca_certs: Option<PathBuf>,
    /// False for `REDIS_SSL_CERT_REQS=none`.
    pub verify: bool,
}

/// How to reach Weaviate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeaviateSettings {
    /// Host name or address.
    pub host: String,
    /// HTTP.
    pub port: u16,
    /// gRPC.
    pub grpc_port: u16,
    /// TLS on both.
    pub secure: bool,
}

/// How to reach the chatbot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatbotSettings {
    /// Host name or address.
    pub host: String,
    /// The WebSocket.
    pub port: u16,
    /// HTTP `/health`.
    pub health_port: u16,
}

/// Which workloads belong to Aurora.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseSettings {
    /// Their namespace.
    pub namespace: String,
    /// Their label `app.kubernetes.io/instance`.
    pub release: String,
}

impl HealthConfig {
    /// Reads the settings through a function from a variable's name to its value.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let get =
            |name: &str| lookup(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        Self {
            postgres: match get("POSTGRES_HOST") {
                Some(host) => port(&get, "POSTGRES_PORT", 5432).map(|port| (host, port)),
                None => Configured::No,
            },
            reads_email: get("MCP_PROXY_EMAIL_HEADER").is_some(),
            redis: Configured::Yes(RedisSettings {
                url: get("REDIS_URL").unwrap_or_else(|| DEFAULT_REDIS_URL.to_owned()).into(),
                ca_certs: get("REDIS_SSL_CA_CERTS").map(PathBuf::from),
                verify: get("REDIS_SSL_CERT_REQS").as_deref() != Some("none"),
            }),
            weaviate: weaviate(&get),
            aurora_api: url(&get, "BACKEND_URL", Some(DEFAULT_BACKEND_URL)),
            chatbot: url(&get, "CHATBOT_INTERNAL_URL", None).map(|url| ChatbotSettings {
                host: url.host_str().unwrap_or_default().to_owned(),
                port: CHATBOT_PORT,
                health_port: CHATBOT_HEALTH_PORT,
            }),
            kubernetes: match (get("AURORA_NAMESPACE"), get("AURORA_RELEASE")) {
                (Some(namespace), Some(release)) => Configured::Yes(ReleaseSettings { namespace, release }),
                (Some(_), None) => Configured::Wrong("AURORA_RELEASE is not set.".to_owned()),
                (None, _) => Configured::No,
            },
        }
    }
}

impl<T> Configured<T> {
    fn map<U>(self, to: impl FnOnce(T) -> U) -> Configured<U> {
        match self {
            Self::Yes(value) => Configured::Yes(to(value)),
            Self::No => Configured::No,
            Self::Wrong(text) => Configured::Wrong(text),
        }
    }
}

fn weaviate(get: &impl Fn(&str) -> Option<String>) -> Configured<WeaviateSettings> {
    let host = get("WEAVIATE_HOST").unwrap_or_else(|| DEFAULT_WEAVIATE_HOST.to_owned());
    // The values that Aurora takes for yes.
    let secure = get("WEAVIATE_SECURE")
        .is_some_and(|text| matches!(text.to_ascii_lowercase().as_str(), "true" | "1" | "yes"));
    match (port(get, "WEAVIATE_PORT", 8080), port(get, "WEAVIATE_GRPC_PORT", 50051)) {
        (Configured::Yes(port), Configured::Yes(grpc_port)) => {
            Configured::Yes(WeaviateSettings { host, port, grpc_port, secure })
        }
        (Configured::Wrong(text), _) | (_, Configured::Wrong(text)) => Configured::Wrong(text),
        _ => Configured::No,
    }
}

fn port(get: &impl Fn(&str) -> Option<String>, name: &str, default: u16) -> Configured<u16> {
    match get(name).map(|text| text.parse()) {
        None => Configured::Yes(default),
        Some(Ok(port)) => Configured::Yes(port),
        Some(Err(_)) => Configured::Wrong(format!("{name} is not a port number.")),
    }
}

fn url(get: &impl Fn(&str) -> Option<String>, name: &str, default: Option<&str>) -> Configured<Url> {
    let Some(text) = get(name).or_else(|| default.map(str::to_owned)) else { return Configured::No };
    match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https" | "ws" | "wss") && url.has_host() => {
            Configured::Yes(url)
        }
        _ => Configured::Wrong(format!("{name} is not an http or https address.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(pairs: &[(&str, &str)]) -> HealthConfig {
        let find =
            |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        HealthConfig::from_lookup(find)
    }

    #[test]
    fn without_variables_aurora_defaults_hold_and_the_optional_is_not_asked() {
        let config = config(&[]);
        let weaviate =
            WeaviateSettings { host: "weaviate".into(), port: 8080, grpc_port: 50051, secure: false };
        assert_eq!(config.weaviate, Configured::Yes(weaviate));
        assert_eq!(config.chatbot, Configured::No);
        assert_eq!(config.kubernetes, Configured::No);
        assert_eq!(config.postgres, Configured::No);
    }

    #[test]
    fn wrong_values_are_named_but_not_shown() {
        let config = config(&[
            ("WEAVIATE_GRPC_PORT", "grpc"),
            ("BACKEND_URL", "aurora:5080"),
            ("POSTGRES_HOST", "db"),
            ("POSTGRES_PORT", "-1"),
            ("AURORA_NAMESPACE", "aurora-oss"),
        ]);
        assert_eq!(config.weaviate, Configured::Wrong("WEAVIATE_GRPC_PORT is not a port number.".into()));
        assert_eq!(
            config.aurora_api,
            Configured::Wrong("BACKEND_URL is not an http or https address.".into())
        );
        assert_eq!(config.postgres, Configured::Wrong("POSTGRES_PORT is not a port number.".into()));
        assert_eq!(config.kubernetes, Configured::Wrong("AURORA_RELEASE is not set.".into()));
    }

    #[test]
    fn the_chatbot_is_asked_at_auroras_fixed_port() {
        let config = config(&[("CHATBOT_INTERNAL_URL", "http://aurora-oss-chatbot:5007")]);
        let chatbot = ChatbotSettings { host: "aurora-oss-chatbot".into(), port: 5006, health_port: 5007 };
        assert_eq!(config.chatbot, Configured::Yes(chatbot));
    }

    #[test]
    fn a_password_is_never_printed() {
        let config = config(&[("REDIS_URL", "redis://:hunter2@redis:6379/0")]);
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
