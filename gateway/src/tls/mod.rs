//! The gateway's own TLS, for those without an ingress: the certificate, read again when its files change.

mod certificate;
mod handshake;
mod metrics;

use std::path::PathBuf;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use tokio_rustls::TlsAcceptor;

use self::certificate::Pair;
pub use self::certificate::TlsError;
pub(crate) use self::handshake::{Met, meet, needed};
use self::metrics::TlsMetrics;
use aurora_mcp_telemetry::metrics::Registry;

/// The kubelet brings a changed Secret within a minute or so; looking costs two small reads of memory.
const INTERVAL: Duration = Duration::from_secs(10);

/// Where the certificate and its key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// The certificate, and those between it and the authority, in PEM form.
    pub certificate: PathBuf,
    /// Its private key, in PEM form.
    pub key: PathBuf,
    /// How often the files are looked at.
    pub interval: Duration,
}

impl TlsSettings {
    /// These files, looked at as often as is usual.
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self { certificate: certificate.into(), key: key.into(), interval: INTERVAL }
    }
}

/// The certificate that is served. Each connection takes the one that is current when it begins.
pub struct Tls {
    settings: TlsSettings,
    current: ArcSwap<ServerConfig>,
    /// What the files held when they were last looked at.
    seen: Mutex<[u8; 32]>,
    metrics: TlsMetrics,
}

impl Tls {
    /// Reads the files. What is wrong with them ends the start: nobody would notice otherwise.
    pub async fn load(settings: TlsSettings, registry: &mut Registry) -> Result<Self, TlsError> {
        let (certificate, key) = certificate::read(&settings).await?;
        let pair = certificate::pair(&settings, &certificate, &key)?;
        let metrics = TlsMetrics::register(registry);
        metrics.loaded(pair.ends);
        let seen = Mutex::new(digest(&certificate, &key));
        Ok(Self { settings, current: ArcSwap::new(pair.config), seen, metrics })
    }

    /// What a new connection is met with.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.load_full())
    }

    /// Looks at the files for ever.
    pub async fn follow(&self) {
        let mut ticks = tokio::time::interval(self.settings.interval);
        loop {
            ticks.tick().await;
            self.look().await;
        }
    }

    /// Takes what the files hold now, if that is new. If it can't be used, what was served before goes on being served.
    async fn look(&self) {
        let mut seen = self.seen.lock().await;
        let read = certificate::read(&self.settings).await;
        // A file that is away for a moment is a change as well, said once.
        let now = read.as_ref().map_or([0; 32], |(certificate, key)| digest(certificate, key));
        if now == *seen {
            return;
        }
        *seen = now;
        match read.and_then(|(certificate, key)| certificate::pair(&self.settings, &certificate, &key)) {
            Ok(Pair { config, ends }) => {
                self.current.store(config);
                self.metrics.loaded(ends);
                tracing::info!(certificate = %self.settings.certificate.display(), "serving a new certificate");
            }
            Err(error) => {
                self.metrics.kept();
                let error = certificate::whole(&error);
                tracing::error!(error, "the changed certificate cannot be used; the one before is served on");
            }
        }
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("settings", &self.settings).finish_non_exhaustive()
    }
}

fn digest(certificate: &[u8], key: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update(Sha256::digest(certificate))
        .chain_update(Sha256::digest(key))
        .finalize()
        .into()
}

#[cfg(test)]
mod tests;
