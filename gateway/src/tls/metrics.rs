//! Whether the certificate that is served is the one in the files, and when it ends.

use std::sync::atomic::AtomicU64;

use aurora_mcp_telemetry::metrics::Registry;
use prometheus_client::metrics::gauge::Gauge;

/// Handles of the metrics. They exist only where there is TLS.
#[derive(Debug, Clone, Default)]
pub(super) struct TlsMetrics {
    current: Gauge,
    ends: Gauge<f64, AtomicU64>,
}

impl TlsMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let help =
            "1 while the certificate that is served is the one in the files, 0 while those cannot be used";
        registry.register("tls_certificate_current", help, metrics.current.clone());
        let help = "When the certificate that is served ends, in seconds since 1970";
        registry.register("tls_certificate_end_timestamp_seconds", help, metrics.ends.clone());
        metrics
    }

    /// A certificate is served from now on.
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit into a double")]
    pub(super) fn loaded(&self, ends: i64) {
        self.current.set(1);
        self.ends.set(ends as f64);
    }

    /// The files changed, and can't be used.
    pub(super) fn kept(&self) {
        self.current.set(0);
    }
}
