//! The subscriber behind `tracing`: log lines to stderr, spans to the OTLP collector if there is one.

use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{KeyValue, global};
use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig, WithTonicConfig};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use opentelemetry_sdk::{Resource, error::OTelSdkError};
use tracing_subscriber::filter::{EnvFilter, FilterExt, LevelFilter, ParseError, Targets, dynamic_filter_fn};
use tracing_subscriber::layer::{Filter, SubscriberExt};
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, Registry, fmt};

use crate::lines::Lines;
use crate::{LogFormat, Settings};

/// Telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `RUST_LOG` is not a list of directives.
    #[error("RUST_LOG={filter:?} is not a list of directives")]
    Filter {
        /// What was given.
        filter: String,
        /// Where it goes wrong.
        source: ParseError,
    },
    /// The OTLP exporter refuses its endpoint.
    #[error("cannot export spans to {endpoint}")]
    Exporter {
        /// The endpoint that was given.
        endpoint: String,
        /// What is wrong with it.
        source: ExporterBuildError,
    },
    /// A subscriber was there already.
    #[error("tracing was set up twice")]
    Twice(#[from] TryInitError),
}

/// A guard over what is still buffered; see [`Telemetry::shutdown`].
#[must_use = "spans that are still buffered are lost without shutdown()"]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

/// Installs the subscriber. Call within a Tokio runtime, once.
pub fn init(settings: &Settings) -> Result<Telemetry, TelemetryError> {
    let filter = EnvFilter::try_new(&settings.filter)
        .map_err(|source| TelemetryError::Filter { filter: settings.filter.clone(), source })?;
    let provider =
        settings.otlp_endpoint.as_deref().map(|endpoint| tracer_provider(settings, endpoint)).transpose()?;
    let spans = provider.as_ref().map(|provider| {
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer(settings.service));
        layer.with_filter(exported())
    });
    if provider.is_some() {
        global::set_text_map_propagator(TraceContextPropagator::new());
    }
    Registry::default()
        .with(lines(settings.format).with_filter(always_asked(filter)))
        .with(spans)
        .try_init()?;
    Ok(Telemetry { provider })
}

/// Our spans are of level debug: they cost nothing while neither a collector nor the log wants them. The collector gets them
/// whatever the log shows.
fn exported() -> Targets {
    Targets::new().with_default(LevelFilter::INFO).with_target("aurora_mcp", LevelFilter::DEBUG)
}

/// The filter, asked about every event.
///
/// What the layers' filters answer stands in the thread until the event comes. One that all of them take for certain is
/// not asked about, and would meet the answers to the question before, which need not have had an event: crates ask
/// whether their line would be logged (tokio-rs/tracing#2519).
fn always_asked<S>(filter: impl Filter<S>) -> impl Filter<S> {
    filter.and(dynamic_filter_fn(|_, _| true).with_max_level_hint(LevelFilter::TRACE))
}

fn lines<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    let base = fmt::layer().with_writer(Lines);
    match format {
        LogFormat::Json => base.json().flatten_event(true).with_span_list(false).boxed(),
        LogFormat::Text => base.boxed(),
    }
}

fn tracer_provider(settings: &Settings, endpoint: &str) -> Result<SdkTracerProvider, TelemetryError> {
    let mut exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint);
    if endpoint.starts_with("https:") {
        // Without this the exporter trusts no authority at all.
        exporter = exporter.with_tls_config(ClientTlsConfig::new().with_enabled_roots());
    }
    let exporter = exporter
        .build()
        .map_err(|source| TelemetryError::Exporter { endpoint: endpoint.to_owned(), source })?;
    let resource = Resource::builder()
        .with_service_name(settings.service)
        .with_attribute(KeyValue::new("service.version", settings.version))
        .build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

impl Telemetry {
    /// Sends what is still buffered. Blocks for some seconds at most; a collector that is away is only logged.
    pub fn shutdown(self) {
        let Some(provider) = self.provider else { return };
        match provider.shutdown() {
            Ok(()) | Err(OTelSdkError::AlreadyShutdown) => {}
            Err(error) => tracing::warn!(%error, "spans at shutdown were not exported"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use tracing::{dispatcher, info};
    use tracing_log::AsTrace;
    use tracing_log::log::{Level, Metadata};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_comes_although_another_was_asked_about_and_not_wanted() {
        let written = Written::default();
        let writer = written.clone();
        let lines = fmt::layer()
            .with_writer(move || writer.clone())
            .with_filter(always_asked(EnvFilter::new("info")));
        tracing::subscriber::with_default(Registry::default().with(lines), || {
            for line in ["first", "second"] {
                info!("{line}");
                let statement = Metadata::builder().level(Level::Debug).target("sqlx::query").build();
                dispatcher::get_default(|all| all.enabled(&statement.as_trace()));
            }
        });
        let written = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert!(written.contains("first") && written.contains("second"), "{written}");
    }
}
