//! A real OpenTelemetry Collector beside a test, and the spans that reached it.

#![allow(clippy::expect_used, clippy::panic, clippy::missing_panics_doc, reason = "a library for tests")]

mod span;

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

pub use span::Span;

const DEADLINE: Duration = Duration::from_secs(30);

/// A running collector. Dropping it ends it.
pub struct Collector {
    endpoint: String,
    printed: Arc<Mutex<String>>,
    _child: Child,
}

impl Collector {
    /// Starts the test bed's collector on a port of its own, and waits until it listens.
    pub async fn start() -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        Self::listening(&address, format!("http://{address}"), "").await
    }

    /// The same behind TLS, with a certificate of its own that is left in `directory` as `certificate.pem`.
    pub async fn start_tls(directory: &Path) -> Self {
        let [key, certificate] =
            ["key.pem", "certificate.pem"].map(|name| directory.join(name).display().to_string());
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "1",
            ])
            .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", &key, "-out", &certificate])
            .output()
            .await
            .expect("openssl");
        assert!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
        let port = free_port();
        let tls = format!(", tls: {{cert_file: \"{certificate}\", key_file: \"{key}\"}}");
        Self::listening(&format!("127.0.0.1:{port}"), format!("https://localhost:{port}"), &tls).await
    }

    async fn listening(address: &str, endpoint: String, tls: &str) -> Self {
        let mut child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--"])
            .arg(program())
            .arg(format!("--config=yaml:{}", configuration(address, tls)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the collector of the test bed: run `make services`, or `make test`");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let printed = Arc::new(Mutex::new(String::new()));
        let into = printed.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let mut text = into.lock().expect("no panic while it was locked");
                text.push_str(&line);
                text.push('\n');
            }
        });
        let started = Instant::now();
        while TcpStream::connect(address).await.is_err() {
            assert!(started.elapsed() < DEADLINE, "the collector does not listen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self { endpoint, printed, _child: child }
    }

    /// For `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Everything that it printed: no secret may be in it.
    pub fn printed(&self) -> String {
        self.printed.lock().expect("no panic while it was locked").clone()
    }

    /// The spans so far.
    pub fn spans(&self) -> Vec<Span> {
        span::read(&self.printed())
    }

    /// Waits for a span, and returns the first that fits.
    pub async fn span(&self, what: &str, fits: impl Fn(&Span) -> bool) -> Span {
        let started = Instant::now();
        loop {
            let spans = self.spans();
            if let Some(found) = spans.iter().find(|span| fits(span)) {
                return found.clone();
            }
            assert!(started.elapsed() < DEADLINE, "no span {what} among {spans:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "tests find the test bed by this variable")]
fn program() -> std::path::PathBuf {
    let bin = std::env::var("TEST_BIN").expect("TEST_BIN is not set: run `make services`, or `make test`");
    Path::new(&bin).join("otel-collector")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").port()
}

/// What comes is printed at once and whole.
fn configuration(address: &str, tls: &str) -> String {
    format!(
        "{{receivers: {{otlp: {{protocols: {{grpc: {{endpoint: \"{address}\"{tls}}}}}}}}}, \
          exporters: {{debug: {{verbosity: detailed, use_internal_logger: false}}}}, \
          service: {{pipelines: {{traces: {{receivers: [otlp], exporters: [debug]}}}}}}}}"
    )
}
