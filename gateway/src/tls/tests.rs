//! Files that are right, wrong, and changed under way.

use std::path::Path;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};

use super::*;

/// A certificate that signs itself, and its key.
fn made(name: &str) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

struct Files {
    directory: tempfile::TempDir,
}

impl Files {
    fn with(certificate: &str, key: &str) -> Self {
        let files = Self { directory: tempfile::tempdir().unwrap() };
        files.write(certificate, key);
        files
    }

    fn write(&self, certificate: &str, key: &str) {
        std::fs::write(self.settings().certificate, certificate).unwrap();
        std::fs::write(self.settings().key, key).unwrap();
    }

    fn settings(&self) -> TlsSettings {
        let file = |name: &str| self.directory.path().join(Path::new(name));
        TlsSettings::new(file("tls.crt"), file("tls.key"))
    }

    async fn loaded(&self) -> Result<(Tls, Registry), TlsError> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut registry = aurora_mcp_telemetry::metrics::registry("aurora_mcp");
        Ok((Tls::load(self.settings(), &mut registry).await?, registry))
    }
}

fn metrics(registry: &Registry) -> String {
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, registry).unwrap();
    text
}

#[tokio::test]
async fn what_is_wrong_with_the_files_is_named_and_the_key_never_shown() {
    let ((certificate, key), (_, another)) = (made("localhost"), made("localhost"));
    let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (certificate, key, said) in [
        ("", key.as_str(), "tls.crt holds no certificate in PEM form"),
        (key.as_str(), key.as_str(), "tls.crt holds no certificate in PEM form"),
        (nonsense, key.as_str(), "tls.crt holds something that is no certificate"),
        (certificate.as_str(), "", "tls.key holds no private key in PEM form"),
        (certificate.as_str(), certificate.as_str(), "tls.key holds no private key in PEM form"),
        (certificate.as_str(), another.as_str(), "is not the key of the certificate in"),
    ] {
        let files = Files::with(certificate, key);
        let error = certificate::whole(&files.loaded().await.unwrap_err());
        assert!(error.contains(said), "{said}: {error}");
        assert!(!error.contains("PRIVATE KEY"), "{error}");
    }
}

#[tokio::test]
async fn a_missing_file_is_named_with_its_variable() {
    let (certificate, key) = made("localhost");
    for (missing, variable) in [("tls.crt", "MCP_TLS_CERT"), ("tls.key", "MCP_TLS_KEY")] {
        let files = Files::with(&certificate, &key);
        std::fs::remove_file(files.directory.path().join(missing)).unwrap();
        let error = certificate::whole(&files.loaded().await.unwrap_err());
        assert!(error.starts_with(&format!("{variable}: cannot read")), "{error}");
        assert!(error.contains(missing) && error.contains("No such file"), "{error}");
    }
}

#[tokio::test]
async fn a_new_certificate_is_taken_and_files_without_a_change_are_let_be() {
    let ((certificate, key), (renewed, its_key)) = (made("localhost"), made("localhost"));
    let files = Files::with(&certificate, &key);
    let (tls, registry) = files.loaded().await.unwrap();
    let first = tls.current.load_full();
    tls.look().await;
    assert!(Arc::ptr_eq(&first, &tls.current.load_full()), "nothing changed");
    files.write(&renewed, &its_key);
    tls.look().await;
    assert!(!Arc::ptr_eq(&first, &tls.current.load_full()), "the new one is served");
    assert!(metrics(&registry).contains("aurora_mcp_tls_certificate_current 1\n"));
}

#[tokio::test]
async fn after_a_bad_change_the_old_certificate_is_served_and_a_metric_says_so_until_it_is_mended() {
    let ((certificate, key), (renewed, its_key)) = (made("localhost"), made("localhost"));
    let files = Files::with(&certificate, &key);
    let (tls, registry) = files.loaded().await.unwrap();
    let first = tls.current.load_full();
    // The certificate is there before its key, as when two files are written one after the other.
    for (bad, with) in [(renewed.as_str(), key.as_str()), ("", "")] {
        files.write(bad, with);
        tls.look().await;
        assert!(Arc::ptr_eq(&first, &tls.current.load_full()), "the old one is served on");
        assert!(metrics(&registry).contains("aurora_mcp_tls_certificate_current 0\n"));
    }
    std::fs::remove_file(files.settings().key).unwrap();
    tls.look().await;
    assert!(Arc::ptr_eq(&first, &tls.current.load_full()), "a missing file takes nothing away");
    files.write(&renewed, &its_key);
    tls.look().await;
    assert!(!Arc::ptr_eq(&first, &tls.current.load_full()), "mended");
    assert!(metrics(&registry).contains("aurora_mcp_tls_certificate_current 1\n"));
}

#[tokio::test]
async fn the_end_of_the_certificate_is_a_metric() {
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    parameters.not_after = rcgen::date_time_ymd(2033, 5, 18);
    let certificate = parameters.self_signed(&key).unwrap().pem();
    let (_, registry) = Files::with(&certificate, &key.serialize_pem()).loaded().await.unwrap();
    let text = metrics(&registry);
    assert!(text.contains("aurora_mcp_tls_certificate_end_timestamp_seconds 1999987200"), "{text}");
}
