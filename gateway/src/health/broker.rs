//! Connections to Redis, for the probes of Redis and of Celery.

use std::path::Path;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo, RedisError,
    TlsCertificates,
};
use secrecy::ExposeSecret;

use super::config::RedisSettings;
use super::reach;
use super::reason::Reason;

const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// Longer than any blocking command of a probe.
const ANSWER_LIMIT: Duration = Duration::from_secs(4);

/// A Redis that can be connected to. Prints its address only.
#[derive(Clone)]
pub struct Broker {
    client: Client,
    address: String,
    database: i64,
}

/// Why the settings can't be used; none of the texts shows a value that may be secret.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// Not a Redis address.
    #[error("REDIS_URL is not an address such as redis://user:password@host:6379/0.")]
    Url,
    /// The authority can't be read.
    #[error("REDIS_SSL_CA_CERTS cannot be read: {0}.")]
    Authority(std::io::ErrorKind),
    /// The authority is no certificate.
    #[error("REDIS_SSL_CA_CERTS holds no certificate that can be used.")]
    Certificate,
}

impl Broker {
    /// Takes the settings; nothing is connected yet.
    pub fn new(settings: &RedisSettings) -> Result<Self, BrokerError> {
        let info = settings.url.expose_secret().into_connection_info().map_err(|_| BrokerError::Url)?;
        let database = info.redis_settings().db();
        let address = format!("{}/{database}", host_and_port(info.addr()));
        let info = if settings.verify { info } else { unverified(info) };
        let is_tls = matches!(info.addr(), ConnectionAddr::TcpTls { .. });
        let client = match settings.ca_certs.as_deref().filter(|_| is_tls && settings.verify) {
            Some(path) => {
                let certificates = TlsCertificates { client_tls: None, root_cert: Some(authority(path)?) };
                Client::build_with_tls(info, certificates).map_err(|_| BrokerError::Certificate)?
            }
            None => Client::open(info).map_err(|_| BrokerError::Url)?,
        };
        Ok(Self { client, address, database })
    }

    /// Opens a connection.
    pub async fn connect(&self) -> Result<MultiplexedConnection, RedisError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_LIMIT))
            .set_response_timeout(Some(ANSWER_LIMIT));
        self.client.get_multiplexed_async_connection_with_config(&config).await
    }

    /// Host, port and database: what may be shown.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The number of the database.
    pub fn database(&self) -> i64 {
        self.database
    }
}

fn host_and_port(address: &ConnectionAddr) -> String {
    match address {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
            format!("{host}:{port}")
        }
        ConnectionAddr::Unix(path) => path.display().to_string(),
        _ => "an address".to_owned(),
    }
}

fn unverified(info: ConnectionInfo) -> ConnectionInfo {
    match info.addr().clone() {
        ConnectionAddr::TcpTls { host, port, tls_params, .. } => {
            info.set_addr(ConnectionAddr::TcpTls { host, port, insecure: true, tls_params })
        }
        _ => info,
    }
}

fn authority(path: &Path) -> Result<Vec<u8>, BrokerError> {
    std::fs::read(path).map_err(|error| BrokerError::Authority(error.kind()))
}

/// Why Redis did not do what was asked.
pub fn cause(error: &RedisError) -> Reason {
    match error.code() {
        Some("NOAUTH" | "WRONGPASS") => return Reason::Auth,
        Some("NOPERM") => return Reason::Permission,
        Some("LOADING") => return Reason::Loading,
        Some("MASTERDOWN") => return Reason::ReplicaWithoutMaster,
        Some("READONLY") => return Reason::ReadOnly,
        Some("OOM") => return Reason::OutOfMemory,
        Some("MISCONF") => return Reason::PersistenceFailing,
        _ => {}
    }
    match error.kind() {
        ErrorKind::AuthenticationFailed => Reason::Auth,
        _ if error.is_timeout() => Reason::Timeout,
        _ => match reach::cause(error) {
            // The server went away, and the driver has only words for that.
            Reason::Unexpected if error.is_connection_dropped() || error.is_io_error() => Reason::Reset,
            reason => reason,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> RedisSettings {
        RedisSettings { url: url.to_owned().into(), ca_certs: None, verify: true }
    }

    #[test]
    fn the_address_shows_no_secret() {
        let table = [
            ("redis://redis:6379/0", "redis:6379/0"),
            ("redis://redis", "redis:6379/0"),
            ("redis://:hunter2@redis:6380/5", "redis:6380/5"),
            ("rediss://user:hun%2Fter2@cache.example/1", "cache.example:6379/1"),
        ];
        for (url, address) in table {
            let broker = Broker::new(&settings(url)).unwrap();
            assert_eq!(broker.address(), address, "{url}");
        }
    }

    #[test]
    fn unusable_settings_are_refused_without_showing_them() {
        for url in ["", "hunter2", "http://redis", "redis://:hunter2@", "redis://redis/hunter2"] {
            let Err(error) = Broker::new(&settings(url)) else { panic!("{url} was accepted") };
            assert!(error.to_string().starts_with("REDIS_URL") && !error.to_string().contains("hunter2"));
        }
        let ca_certs = Some("/no/such/file".into());
        let missing = Broker::new(&RedisSettings { ca_certs, ..settings("rediss://redis") });
        assert!(matches!(missing, Err(BrokerError::Authority(std::io::ErrorKind::NotFound))));
    }

    #[test]
    fn answers_of_the_server_are_told_apart() {
        let table = [
            ("NOAUTH Authentication required.", Reason::Auth),
            ("WRONGPASS invalid username-password pair or user is disabled.", Reason::Auth),
            ("NOPERM this user has no permissions to run the 'publish' command", Reason::Permission),
            ("LOADING Redis is loading the dataset in memory", Reason::Loading),
            ("MASTERDOWN Link with MASTER is down", Reason::ReplicaWithoutMaster),
            ("READONLY You can't write against a read only replica.", Reason::ReadOnly),
            ("OOM command not allowed when used memory > 'maxmemory'.", Reason::OutOfMemory),
            ("MISCONF Redis is configured to save RDB snapshots", Reason::PersistenceFailing),
            ("ERR unknown command", Reason::Unexpected),
        ];
        for (line, expected) in table {
            let bytes = format!("-{line}\r\n");
            let answer = redis::parse_redis_value(bytes.as_bytes()).and_then(redis::Value::extract_error);
            assert_eq!(cause(&answer.unwrap_err()), expected, "{line}");
        }
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        assert_eq!(cause(&RedisError::from(refused)), Reason::Refused);
        let lookup = std::io::Error::other("failed to lookup address information");
        assert_eq!(cause(&RedisError::from(lookup)), Reason::Dns);
    }
}
