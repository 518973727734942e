//! How to reach Postgres: Aurora's own variable names, libpq's ssl modes.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// Where Postgres is and who we are to it.
#[derive(Debug, Clone)]
pub struct Settings {
    host: String,
    port: u16,
    database: String,
    user: String,
    password: Option<SecretString>,
    ssl_mode: PgSslMode,
    ssl_root_cert: Option<PathBuf>,
    /// The zone of Aurora's own sessions, if it isn't UTC and not set on the role or database.
    time_zone: Option<String>,
}

/// A variable that is missing or can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A variable without a default is not set.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// A value that isn't understood.
    #[error("{name}: {problem}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// What is wrong, without the value of a secret.
        problem: String,
    },
}

impl Settings {
    /// Reads the variables through `lookup`; the caller decides where they come from, including files for secrets.
    ///
    /// `POSTGRES_HOST`, `POSTGRES_DB` and `POSTGRES_USER` are mandatory. `PGTZ` names the time zone of Aurora's sessions
    /// when Postgres does not run in UTC (contract: Aurora's columns have no zone).
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let get = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let need = |name: &'static str| get(name).ok_or(SettingsError::Missing(name));
        Ok(Self {
            host: need("POSTGRES_HOST")?,
            port: parse_port(get("POSTGRES_PORT").as_deref())?,
            database: need("POSTGRES_DB")?,
            user: need("POSTGRES_USER")?,
            password: get("POSTGRES_PASSWORD").map(SecretString::from),
            ssl_mode: parse_ssl_mode(get("POSTGRES_SSLMODE").as_deref())?,
            ssl_root_cert: get("POSTGRES_SSLROOTCERT").map(PathBuf::from),
            time_zone: get("PGTZ"),
        })
    }

    /// Host and port, for messages.
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    pub(crate) fn time_zone(&self) -> Option<&str> {
        self.time_zone.as_deref()
    }

    pub(crate) fn connect_options(&self, program: &str) -> PgConnectOptions {
        let mut options = PgConnectOptions::new_without_pgpass()
            .host(&self.host)
            .port(self.port)
            .database(&self.database)
            .username(&self.user)
            .ssl_mode(self.ssl_mode)
            .application_name(program);
        if let Some(password) = &self.password {
            options = options.password(password.expose_secret());
        }
        if let Some(path) = &self.ssl_root_cert {
            options = options.ssl_root_cert(path);
        }
        options
    }
}

fn parse_port(text: Option<&str>) -> Result<u16, SettingsError> {
    let name = "POSTGRES_PORT";
    text.map_or(Ok(5432), |text| {
        text.trim()
            .parse()
            .map_err(|_| SettingsError::Invalid { name, problem: format!("{text:?} is no port") })
    })
}

fn parse_ssl_mode(text: Option<&str>) -> Result<PgSslMode, SettingsError> {
    text.map_or(Ok(PgSslMode::Prefer), |text| {
        text.trim().to_ascii_lowercase().parse().map_err(|_| SettingsError::Invalid {
            name: "POSTGRES_SSLMODE",
            problem: format!("{text:?} is none of disable, allow, prefer, require, verify-ca, verify-full"),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let base = [("POSTGRES_HOST", "db"), ("POSTGRES_DB", "aurora"), ("POSTGRES_USER", "aurora")];
        let find = |name: &str| {
            pairs.iter().chain(&base).find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        Settings::from_lookup(find)
    }

    #[test]
    fn defaults_are_auroras() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.address(), "db:5432");
        assert!(matches!(settings.ssl_mode, PgSslMode::Prefer));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (pairs, message) in [
            (&[("POSTGRES_HOST", " ")][..], "POSTGRES_HOST is not set"),
            (&[("POSTGRES_DB", "")], "POSTGRES_DB is not set"),
            (&[("POSTGRES_PORT", "70000")], r#"POSTGRES_PORT: "70000" is no port"#),
            (
                &[("POSTGRES_SSLMODE", "yes")],
                r#"POSTGRES_SSLMODE: "yes" is none of disable, allow, prefer, require, verify-ca, verify-full"#,
            ),
        ] {
            assert_eq!(read(pairs).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn password_is_never_printed() {
        let settings = read(&[("POSTGRES_PASSWORD", "hunter2")]).unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
