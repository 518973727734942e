//! What the environment says about logs and traces.

use std::str::FromStr;

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people at a terminal.
    Text,
}

/// A variable that can't be understood.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// `LOG_FORMAT` is neither `json` nor `text`.
    #[error("LOG_FORMAT={0:?}: expected json or text")]
    LogFormat(String),
}

impl FromStr for LogFormat {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().to_ascii_lowercase().as_str() {
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            _ => Err(SettingsError::LogFormat(text.to_owned())),
        }
    }
}

/// Settings of [`crate::init`].
#[derive(Clone, Debug)]
pub struct Settings {
    /// `service.name` of every span.
    pub service: &'static str,
    /// `service.version` of every span.
    pub version: &'static str,
    /// How log lines are written.
    pub format: LogFormat,
    /// Directives in the syntax of `RUST_LOG`.
    pub filter: String,
    /// The OTLP collector (gRPC); nothing is exported without one.
    pub otlp_endpoint: Option<String>,
}

impl Settings {
    /// Reads `LOG_FORMAT`, `RUST_LOG` and `OTEL_EXPORTER_OTLP_ENDPOINT` through `lookup`.
    pub fn from_lookup(
        service: &'static str,
        version: &'static str,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        let set = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        Ok(Self {
            service,
            version,
            format: set("LOG_FORMAT").map_or(Ok(LogFormat::Json), |text| text.parse())?,
            filter: set("RUST_LOG").unwrap_or_else(|| "info".to_owned()),
            otlp_endpoint: set("OTEL_EXPORTER_OTLP_ENDPOINT"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Settings::from_lookup("test", "0", |name| {
            pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone())
        })
    }

    #[test]
    fn without_variables_logs_are_json_and_nothing_is_exported() {
        let settings = settings(&[]).unwrap();
        assert_eq!(settings.format, LogFormat::Json);
        assert_eq!(settings.filter, "info");
        assert_eq!(settings.otlp_endpoint, None);
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let settings = settings(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " "), ("LOG_FORMAT", "")]).unwrap();
        assert_eq!(settings.otlp_endpoint, None);
        assert_eq!(settings.format, LogFormat::Json);
    }

    #[test]
    fn an_unknown_format_is_named_in_the_error() {
        let error = settings(&[("LOG_FORMAT", "xml")]).unwrap_err();
        assert_eq!(error.to_string(), "LOG_FORMAT=\"xml\": expected json or text");
    }
}
