//! The gateway with its own TLS, on real sockets.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aurora_mcp_gateway::tls::TlsSettings;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::world::{ALICES, World, eventually, run_with};

const NAME: &str = "mcp.example.com";
const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#;

/// A certificate authority of one test.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = parameters.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(parameters, key) }
    }

    /// Writes a new certificate and its key, as a Secret is mounted; returns the certificate.
    fn issue(&self, directory: &Path) -> CertificateDer<'static> {
        let key = KeyPair::generate().unwrap();
        let parameters = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(directory.join("tls.crt"), certificate.pem()).unwrap();
        std::fs::write(directory.join("tls.key"), key.serialize_pem()).unwrap();
        certificate.der().clone()
    }

    /// A client that trusts this authority alone.
    fn client(&self, world: &World<'_>) -> reqwest::Client {
        let root = reqwest::Certificate::from_pem(self.pem.as_bytes()).unwrap();
        let builder = reqwest::Client::builder().no_proxy().tls_certs_only([root]);
        builder.resolve(NAME, world.gateway.address()).timeout(Duration::from_secs(20)).build().unwrap()
    }

    /// The certificate that a new connection is shown.
    async fn shown(&self, world: &World<'_>) -> CertificateDer<'static> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap()).unwrap();
        let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let stream = TcpStream::connect(world.gateway.address()).await.unwrap();
        let name = ServerName::try_from(NAME).unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
    }
}

/// Runs a test against a gateway with a certificate in a directory of its own.
async fn with_tls(test: impl AsyncFnOnce(&World<'_>, &Authority, &Path)) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let authority = Authority::new();
    authority.issue(path);
    let settings = TlsSettings {
        interval: Duration::from_millis(30),
        ..TlsSettings::new(path.join("tls.crt"), path.join("tls.key"))
    };
    let change = |config: &mut aurora_mcp_gateway::Config| {
        config.tls = Some(settings);
        config.guard = aurora_mcp_gateway::edge::GuardSettings::new(&[NAME.to_owned()], &[]);
    };
    run_with(change, async |world| test(world, &authority, path).await).await;
}

fn url(world: &World<'_>, path: &str) -> String {
    format!("https://{NAME}:{}{path}", world.gateway.address().port())
}

async fn listed(client: &reqwest::Client, world: &World<'_>) -> reqwest::Response {
    let request = client.post(url(world, "/mcp")).bearer_auth(ALICES);
    let request = request.header("content-type", "application/json");
    let request = request.header("accept", "application/json, text/event-stream");
    request.body(LIST).send().await.unwrap()
}

#[tokio::test]
async fn a_client_that_trusts_the_authority_calls_over_both_versions_of_http() {
    with_tls(async |world, authority, _| {
        let answer = listed(&authority.client(world), world).await;
        assert_eq!((answer.status().as_u16(), answer.version()), (200, http::Version::HTTP_2));
        let root = reqwest::Certificate::from_pem(authority.pem.as_bytes()).unwrap();
        let older = reqwest::Client::builder().no_proxy().http1_only().tls_certs_only([root]);
        let older = older.resolve(NAME, world.gateway.address()).build().unwrap();
        let answer = listed(&older, world).await;
        assert_eq!((answer.status().as_u16(), answer.version()), (200, http::Version::HTTP_11));
    })
    .await;
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_authority_sends_nothing() {
    with_tls(async |world, _, _| {
        let stranger = Authority::new().client(world);
        let error = stranger.post(url(world, "/mcp")).bearer_auth(ALICES).send().await.unwrap_err();
        assert!(error.is_connect(), "{error:?}");
        assert!(world.asked().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn probes_work_and_metrics_stay_plain() {
    with_tls(async |world, authority, _| {
        let client = authority.client(world);
        for path in ["/healthz", "/readyz"] {
            assert_eq!(client.get(url(world, path)).send().await.unwrap().status(), 200, "{path}");
        }
        let metrics = world.metrics().await;
        assert!(metrics.contains("aurora_mcp_tls_certificate_current 1"), "{metrics}");
    })
    .await;
}

#[tokio::test]
async fn plain_http_is_told_to_write_https() {
    with_tls(async |world, _, _| {
        let answer = world.rpc(ALICES, "tools/list", json!({})).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert_eq!(answer.json()["error"], "https_needed");
        assert!(answer.json()["message"].as_str().unwrap().contains("https://"), "{answer:?}");
        assert!(world.asked().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_to_new_connections_and_open_ones_live_on() {
    with_tls(async |world, authority, directory| {
        let client = authority.client(world);
        assert_eq!(listed(&client, world).await.status(), 200);
        let before = authority.shown(world).await;
        let renewed = authority.issue(directory);
        assert_ne!(before, renewed);
        eventually("the renewed certificate", async || authority.shown(world).await == renewed).await;
        assert_eq!(listed(&client, world).await.status(), 200, "the connection of before");
        assert_eq!(listed(&authority.client(world), world).await.status(), 200, "a new one");
    })
    .await;
}

#[tokio::test]
async fn a_bad_renewal_changes_nothing_for_clients_and_shows_in_the_metrics() {
    with_tls(async |world, authority, directory| {
        let before = authority.shown(world).await;
        std::fs::write(directory.join("tls.key"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
        let said = |value: u8| format!("aurora_mcp_tls_certificate_current {value}\n");
        eventually("the metric", async || world.metrics().await.contains(&said(0))).await;
        assert_eq!(authority.shown(world).await, before);
        assert_eq!(listed(&authority.client(world), world).await.status(), 200);
        let renewed = authority.issue(directory);
        eventually("the mended one", async || authority.shown(world).await == renewed).await;
        assert!(world.metrics().await.contains(&said(1)));
    })
    .await;
}

#[tokio::test]
async fn helms_check_asks_a_service_for_the_certificates_name_and_trusts_its_authority_alone() {
    with_tls(async |world, authority, directory| {
        let file = |name: &str, content: &str| {
            std::fs::write(directory.join(name), content).unwrap();
            directory.join(name).display().to_string()
        };
        let token = file("token", ALICES);
        let through = world.gateway.address().to_string();
        let checked = async |authority: String| {
            let arguments = [format!("https://{NAME}/mcp"), token.clone(), authority, through.clone()];
            let mut said = Vec::new();
            let outcome = aurora_mcp_gateway::check::run(arguments.into_iter(), &mut said).await;
            (outcome, String::from_utf8(said).unwrap())
        };
        let (_, said) = checked(file("ca.crt", &authority.pem)).await;
        assert!(said.contains("ok    tools/list") && said.contains("aurora://health"), "{said}");
        for untrusted in [file("another.crt", &Authority::new().pem), "/none".to_owned()] {
            let (outcome, said) = checked(untrusted).await;
            assert!(outcome.is_err() && said.is_empty(), "{said}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_client_that_never_finishes_its_handshake_holds_nobody_up() {
    with_tls(async |world, authority, _| {
        let mut silent = TcpStream::connect(world.gateway.address()).await.unwrap();
        let mut half = TcpStream::connect(world.gateway.address()).await.unwrap();
        half.write_all(&[0x16, 3, 1]).await.unwrap();
        assert_eq!(listed(&authority.client(world), world).await.status(), 200);
        world.gateway.stop_accepting();
        // Both are let go at once, not after the time that a handshake may take.
        for stream in [&mut silent, &mut half] {
            let ended = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut [0])).await;
            assert!(matches!(ended, Ok(Ok(0) | Err(_))), "{ended:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_gateway_with_a_wrong_key_does_not_start_and_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    Authority::new().issue(path);
    std::fs::write(path.join("tls.key"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    run_with(
        |_| {},
        async |world| {
            let program = env!("CARGO_BIN_EXE_aurora-mcp-gateway");
            let mut command = tokio::process::Command::new(program);
            for name in
                ["POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD"]
            {
                command.env(name, world.database.lookup(name).unwrap_or_default());
            }
            command.env("INTERNAL_API_SECRET", "x").env("MCP_PORT", "0").env("METRICS_PORT", "0");
            command.env("MCP_TLS_CERT", path.join("tls.crt")).env("MCP_TLS_KEY", path.join("tls.key"));
            let output =
                tokio::time::timeout(Duration::from_secs(20), command.output()).await.unwrap().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success());
            assert!(
                said.contains("cannot serve TLS") && said.contains("is not the key of the certificate"),
                "{said}"
            );
        },
    )
    .await;
}
