//! A certificate and its key, held against each other before they are used.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::TlsSettings;

/// What is wrong with the files. Nothing of the key is ever in it.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read.
    #[error("{variable}: cannot read {path}")]
    Read {
        /// The variable that names it.
        variable: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file doesn't hold what it should.
    #[error("{variable}: {path} holds no {wanted} in PEM form")]
    Empty {
        /// The variable that names it.
        variable: &'static str,
        /// The file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
    },
    /// What stands in the certificate's file is none.
    #[error("MCP_TLS_CERT: {path} holds something that is no certificate")]
    Certificate {
        /// The file.
        path: PathBuf,
    },
    /// The key belongs to another certificate.
    #[error("MCP_TLS_KEY: {key} is not the key of the certificate in {certificate}")]
    Mismatch {
        /// The key's file.
        key: PathBuf,
        /// The certificate's file.
        certificate: PathBuf,
    },
    /// A kind of key or certificate that can't be used.
    #[error("MCP_TLS_CERT and MCP_TLS_KEY: {certificate} and {key} cannot be used")]
    Unusable {
        /// The key's file.
        key: PathBuf,
        /// The certificate's file.
        certificate: PathBuf,
        /// Why not.
        source: rustls::Error,
    },
}

/// The error and its cause in one line.
pub(super) fn whole(error: &TlsError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// Ready to be served.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) config: Arc<ServerConfig>,
    /// When the certificate ends, in seconds since 1970.
    pub(super) ends: i64,
}

/// What both files hold.
pub(super) async fn read(settings: &TlsSettings) -> Result<(Vec<u8>, Vec<u8>), TlsError> {
    Ok((file("MCP_TLS_CERT", &settings.certificate).await?, file("MCP_TLS_KEY", &settings.key).await?))
}

async fn file(variable: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    tokio::fs::read(path).await.map_err(|source| TlsError::Read { variable, path: path.to_owned(), source })
}

/// Makes of both what connections are met with.
pub(super) fn pair(settings: &TlsSettings, certificate: &[u8], key: &[u8]) -> Result<Pair, TlsError> {
    let (key_path, path) = (settings.key.clone(), settings.certificate.clone());
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or_else(|| TlsError::Empty {
        variable: "MCP_TLS_CERT",
        path: path.clone(),
        wanted: "certificate",
    })?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::Empty {
        variable: "MCP_TLS_KEY",
        path: key_path.clone(),
        wanted: "private key",
    })?;
    let ends = ends(&chain).ok_or_else(|| TlsError::Certificate { path: path.clone() })?;
    let mut config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).map_err(|source| {
            match source {
                rustls::Error::InconsistentKeys(_) => TlsError::Mismatch { key: key_path, certificate: path },
                source => TlsError::Unusable { key: key_path, certificate: path, source },
            }
        })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Pair { config: Arc::new(config), ends })
}

/// The end of the first of the chain; none if any of it is no certificate.
fn ends(chain: &[CertificateDer<'_>]) -> Option<i64> {
    let parsed: Result<Vec<_>, _> =
        chain.iter().map(|one| x509_parser::parse_x509_certificate(one)).collect();
    parsed.ok()?.first().map(|(_, certificate)| certificate.validity().not_after.timestamp())
}
