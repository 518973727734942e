//! The configuration: the only place that knows the names of environment variables.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use aurora_mcp_store::{Settings as StoreSettings, SettingsError as StoreSettingsError};
use http::HeaderName;
use secrecy::SecretString;
use url::Url;

use crate::access::{DenyList, RuleError};
use crate::aurora::AuroraSettings;
use crate::auth::Shares;
use crate::edge::{GuardSettings, Limits, ProxyError, TrustedProxies};
use crate::health::{DEFAULT_BACKEND_URL, HealthConfig};
use crate::tls::TlsSettings;
use crate::tools::ToolSettings;
use crate::tools::select::Selector;

/// Clients give up after 30 to 60 seconds without a word.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);
/// Enough for the streams and calls of every client that one person runs.
const TOKEN_AT_ONCE: usize = 128;

/// Where a variable comes from.
pub trait Source {
    /// The value of a variable, if it is set.
    fn variable(&self, name: &str) -> Option<String>;

    /// The content of a file that `X_FILE` names.
    fn file(&self, path: &str) -> std::io::Result<String>;
}

/// The process environment.
pub struct Environment;

impl Source for Environment {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &str) -> std::io::Result<String> {
        std::fs::read_to_string(path)
    }
}

/// Everything the gateway needs to start.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where MCP is served.
    pub listen: SocketAddr,
    /// Where metrics are served.
    pub metrics: SocketAddr,
    /// The certificate with which MCP is served; none: plain HTTP.
    pub tls: Option<TlsSettings>,
    /// Aurora's Postgres.
    pub store: StoreSettings,
    /// The Aurora API.
    pub aurora: AuroraSettings,
    /// What the probes look at.
    pub health: HealthConfig,
    /// Whom the edge lets in.
    pub guard: GuardSettings,
    /// Whose `X-Forwarded-For` is believed.
    pub proxies: TrustedProxies,
    /// The header in which they name who is signed in; then a token works for that user only.
    pub proxy_email: Option<HeaderName>,
    /// How much one sender may take.
    pub shares: Shares,
    /// What the edge can bear.
    pub limits: Limits,
    /// Whether the audit line of a tool call has its arguments.
    pub audit_arguments: bool,
    /// Settings of the tools.
    pub tools: ToolSettings,
}

/// A variable that is missing or not understood. Values of secrets are never shown.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It must be set.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// It means nothing without another one.
    #[error("{set} is set and {missing} is not: both are needed")]
    Alone {
        /// The one that is set.
        set: &'static str,
        /// The one that is not.
        missing: &'static str,
    },
    /// It is not understood.
    #[error("{name}={value:?}: expected {expected}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// What was given.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
    /// It is longer than it may be.
    #[error("{name}={value:?}: expected at most {} s, for which a gateway that stops waits", .most.as_secs())]
    TooLong {
        /// The variable.
        name: &'static str,
        /// What was given.
        value: String,
        /// What would be right.
        most: Duration,
    },
    /// A file that holds a secret can't be read.
    #[error("{name}_FILE: cannot read {path}")]
    File {
        /// The variable without `_FILE`.
        name: String,
        /// The file.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// A trusted proxy is not understood.
    #[error("MCP_TRUSTED_PROXIES: {0}")]
    Proxies(#[from] ProxyError),
    /// It means nothing without the other.
    #[error("{0} needs {1}")]
    Needs(&'static str, &'static str),
    /// The deny list is not understood.
    #[error("MCP_API_DENY: {0}")]
    Deny(#[from] RuleError),
    /// The settings of Postgres are wrong.
    #[error(transparent)]
    Store(#[from] StoreSettingsError),
    /// The gateway's own binary can't be found.
    #[error("cannot find the program's own path")]
    Program(#[source] std::io::Error),
}

impl Config {
    /// Reads all variables.
    pub fn from_source(source: &impl Source) -> Result<Self, ConfigError> {
        let reader = Reader(source);
        let lookup = reader.lookup(&["POSTGRES_PASSWORD", "REDIS_URL", "INTERNAL_API_SECRET"])?;
        let lookup = |name: &str| lookup(name);
        let proxies = TrustedProxies::parse(&reader.list("MCP_TRUSTED_PROXIES"))?;
        let limits = Limits::default();
        let any = |port| SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port);
        Ok(Self {
            listen: any(reader.port("MCP_PORT", 8811)?),
            metrics: any(reader.port("METRICS_PORT", 9090)?),
            tls: reader.tls()?,
            store: StoreSettings::from_lookup(lookup)?,
            aurora: AuroraSettings {
                base: reader.url("BACKEND_URL", DEFAULT_BACKEND_URL)?,
                secret: lookup("INTERNAL_API_SECRET")
                    .map(SecretString::from)
                    .ok_or(ConfigError::Missing("INTERNAL_API_SECRET"))?,
                denied: DenyList::parse(
                    &reader.text("MCP_API_DENY").unwrap_or_else(|| DenyList::DEFAULT.to_owned()),
                )?,
            },
            health: HealthConfig::from_lookup(lookup),
            guard: GuardSettings::new(&reader.list("MCP_ALLOWED_HOSTS"), &reader.list("MCP_ALLOWED_ORIGINS")),
            proxy_email: reader.proxy_email(&proxies)?,
            proxies,
            shares: Shares {
                address_per_second: reader.number("MCP_ADDRESS_REQUESTS_PER_SECOND", 500)?,
                token_per_second: reader.number("MCP_REQUESTS_PER_SECOND", 50)?,
                token_at_once: TOKEN_AT_ONCE,
            },
            limits,
            audit_arguments: reader.parsed("MCP_AUDIT_ARGUMENTS", false, "true or false")?,
            tools: ToolSettings {
                ask_wait: reader.at_most("MCP_ASK_WAIT", Duration::from_secs(55), limits.longest_wait())?,
                sign_of_life: SIGN_OF_LIFE,
                selector: Selector::new(program()?),
            },
        })
    }
}

fn program() -> Result<PathBuf, ConfigError> {
    std::env::current_exe().map_err(ConfigError::Program)
}

struct Reader<'a, S>(&'a S);

impl<S: Source> Reader<'_, S> {
    fn text(&self, name: &str) -> Option<String> {
        self.0.variable(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// A lookup in which `X_FILE` stands for `X`, for each of the secrets.
    fn lookup(&self, secrets: &[&str]) -> Result<impl Fn(&str) -> Option<String>, ConfigError> {
        let mut files = Vec::new();
        for name in secrets {
            if let Some(path) = self.text(&format!("{name}_FILE")) {
                let content = self.0.file(&path).map_err(|source| ConfigError::File {
                    name: (*name).to_owned(),
                    path: path.clone(),
                    source,
                })?;
                files.push(((*name).to_owned(), content.trim_end_matches(['\n', '\r']).to_owned()));
            }
        }
        Ok(move |name: &str| {
            let from_file = files.iter().find(|(known, _)| known == name).map(|(_, content)| content.clone());
            from_file.or_else(|| self.text(name))
        })
    }

    fn tls(&self) -> Result<Option<TlsSettings>, ConfigError> {
        let [certificate, key] = ["MCP_TLS_CERT", "MCP_TLS_KEY"];
        match (self.text(certificate), self.text(key)) {
            (Some(certificate), Some(key)) => Ok(Some(TlsSettings::new(certificate, key))),
            (None, None) => Ok(None),
            (Some(_), None) => Err(ConfigError::Alone { set: certificate, missing: key }),
            (None, Some(_)) => Err(ConfigError::Alone { set: key, missing: certificate }),
        }
    }

    fn port(&self, name: &'static str, default: u16) -> Result<u16, ConfigError> {
        self.parsed(name, default, "a port number")
    }

    fn number(&self, name: &'static str, default: u32) -> Result<u32, ConfigError> {
        self.parsed(name, default, "a whole number")
    }

    fn parsed<T: FromStr>(
        &self,
        name: &'static str,
        default: T,
        expected: &'static str,
    ) -> Result<T, ConfigError> {
        self.text(name).map_or(Ok(default), |value| {
            value.parse().map_err(|_| ConfigError::Invalid { name, value, expected })
        })
    }

    fn url(&self, name: &'static str, default: &str) -> Result<Url, ConfigError> {
        let value = self.text(name).unwrap_or_else(|| default.to_owned());
        Url::parse(&value)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or(ConfigError::Invalid { name, value, expected: "an http or https address" })
    }

    /// Only some proxy can vouch for who is signed in: whoever may set the header could be anybody.
    fn proxy_email(&self, proxies: &TrustedProxies) -> Result<Option<HeaderName>, ConfigError> {
        const NAME: &str = "MCP_PROXY_EMAIL_HEADER";
        let Some(value) = self.text(NAME) else { return Ok(None) };
        if proxies.is_empty() {
            return Err(ConfigError::Needs(NAME, "MCP_TRUSTED_PROXIES: the proxy that sets the header"));
        }
        if proxies.is_everybody() {
            return Err(ConfigError::Needs(NAME, "a MCP_TRUSTED_PROXIES that does not trust everybody"));
        }
        match value.parse() {
            Ok(header) => Ok(Some(header)),
            Err(_) => Err(ConfigError::Invalid { name: NAME, value, expected: "the name of a header" }),
        }
    }

    fn list(&self, name: &str) -> Vec<String> {
        let text = self.text(name).unwrap_or_default();
        text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
    }

    fn at_most(
        &self,
        name: &'static str,
        default: Duration,
        most: Duration,
    ) -> Result<Duration, ConfigError> {
        let duration = self.duration(name, default)?;
        if duration > most {
            let value = self.text(name).unwrap_or_default();
            return Err(ConfigError::TooLong { name, value, most });
        }
        Ok(duration)
    }

    /// `55s`, `1m`, `500ms` or plain seconds.
    fn duration(&self, name: &'static str, default: Duration) -> Result<Duration, ConfigError> {
        let Some(value) = self.text(name) else { return Ok(default) };
        let (number, unit) = value.split_at(value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len()));
        let number: Option<u64> = number.parse().ok().filter(|number| *number <= 86_400_000);
        match (number, unit) {
            (Some(number), "ms") => Ok(Duration::from_millis(number)),
            (Some(number), "" | "s") => Ok(Duration::from_secs(number)),
            (Some(number), "m") => Ok(Duration::from_secs(number * 60)),
            _ => Err(ConfigError::Invalid { name, value, expected: "a duration such as 55s" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    struct Fixed(HashMap<&'static str, &'static str>);

    impl Source for Fixed {
        fn variable(&self, name: &str) -> Option<String> {
            self.0.get(name).map(|value| (*value).to_owned())
        }

        fn file(&self, path: &str) -> std::io::Result<String> {
            match path {
                "/secret" => Ok("from-file\n".to_owned()),
                _ => Err(std::io::ErrorKind::NotFound.into()),
            }
        }
    }

    fn config(pairs: &[(&'static str, &'static str)]) -> Result<Config, ConfigError> {
        let mut variables = HashMap::from([
            ("POSTGRES_HOST", "db"),
            ("POSTGRES_DB", "aurora"),
            ("POSTGRES_USER", "aurora"),
            ("INTERNAL_API_SECRET", "s3cret"),
        ]);
        variables.extend(pairs.iter().copied());
        Config::from_source(&Fixed(variables))
    }

    #[test]
    fn defaults_are_auroras() {
        let config = config(&[]).unwrap();
        assert_eq!(config.listen.port(), 8811);
        assert_eq!(config.metrics.port(), 9090);
        assert_eq!(config.aurora.base.as_str(), "http://aurora-server:5080/");
        assert_eq!(config.tools.ask_wait, Duration::from_secs(55));
    }

    #[test]
    fn durations_have_units() {
        for (text, expected) in
            [("10", 10_000), ("10s", 10_000), ("1m", 60_000), ("70s", 70_000), ("250ms", 250)]
        {
            let config = config(&[("MCP_ASK_WAIT", text)]).unwrap();
            assert_eq!(config.tools.ask_wait, Duration::from_millis(expected));
        }
    }

    #[test]
    fn a_wrong_value_is_named_with_what_would_be_right() {
        for (pair, expected) in [
            (("MCP_PORT", "http"), "MCP_PORT=\"http\": expected a port number"),
            (
                ("BACKEND_URL", "aurora:5080"),
                "BACKEND_URL=\"aurora:5080\": expected an http or https address",
            ),
            (("MCP_ASK_WAIT", "soon"), "MCP_ASK_WAIT=\"soon\": expected a duration such as 55s"),
            (
                ("MCP_ASK_WAIT", "2m"),
                "MCP_ASK_WAIT=\"2m\": expected at most 70 s, for which a gateway that stops waits",
            ),
            (("INTERNAL_API_SECRET", " "), "INTERNAL_API_SECRET is not set"),
            (
                ("MCP_API_DENY", "everything"),
                "MCP_API_DENY: \"everything\": expected METHOD[,METHOD] /path, where * stands for one segment and a final \
                 ** for all that follow",
            ),
            (
                ("MCP_TRUSTED_PROXIES", "10.0.0.0/8,proxy"),
                "MCP_TRUSTED_PROXIES: \"proxy\" is neither an address nor a network such as 10.0.0.0/8",
            ),
            (
                ("MCP_PROXY_EMAIL_HEADER", "X-Forwarded-Email"),
                "MCP_PROXY_EMAIL_HEADER needs MCP_TRUSTED_PROXIES: the proxy that sets the header",
            ),
            (("MCP_REQUESTS_PER_SECOND", "-1"), "MCP_REQUESTS_PER_SECOND=\"-1\": expected a whole number"),
            (("POSTGRES_PASSWORD_FILE", "/none"), "POSTGRES_PASSWORD_FILE: cannot read /none"),
            (("MCP_TLS_CERT", "/tls/tls.crt"), "MCP_TLS_CERT is set and MCP_TLS_KEY is not: both are needed"),
            (("MCP_TLS_KEY", "/tls/tls.key"), "MCP_TLS_KEY is set and MCP_TLS_CERT is not: both are needed"),
        ] {
            assert_eq!(config(&[pair]).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn who_is_signed_in_is_taken_from_known_proxies_only() {
        let header = ("MCP_PROXY_EMAIL_HEADER", "X-Forwarded-Email");
        let taken = config(&[header, ("MCP_TRUSTED_PROXIES", "10.0.0.7")]).unwrap().proxy_email;
        assert_eq!(taken, Some(HeaderName::from_static("x-forwarded-email")));
        for everybody in ["0.0.0.0/0", "10.0.0.7,::/0"] {
            let error = config(&[header, ("MCP_TRUSTED_PROXIES", everybody)]).unwrap_err().to_string();
            assert!(error.contains("does not trust everybody"), "{error}");
        }
        let wrong = config(&[("MCP_PROXY_EMAIL_HEADER", "X Email"), ("MCP_TRUSTED_PROXIES", "10.0.0.7")]);
        assert!(wrong.unwrap_err().to_string().ends_with("expected the name of a header"));
    }

    #[test]
    fn secrets_come_from_files_and_are_never_printed() {
        let config =
            config(&[("INTERNAL_API_SECRET_FILE", "/secret"), ("POSTGRES_PASSWORD", "hunter2")]).unwrap();
        assert_eq!(secrecy::ExposeSecret::expose_secret(&config.aurora.secret), "from-file");
        let printed = format!("{config:?}");
        assert!(!printed.contains("from-file") && !printed.contains("hunter2"), "{printed}");
    }
}
