//! The servers that are compared, each started with the configuration that stands here.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;
use tokio::process::Command;

use crate::bed::Bed;
use crate::load::BODY;
use crate::process::{LOAD, Process, SERVER, pinned};

/// A server that has not answered by then never will.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(1);

/// What nginx does as a plain reverse proxy.
const PROXY: &str = "proxy_pass http://upstream; proxy_http_version 1.1; proxy_set_header Connection '';";

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Gateway,
    Nginx,
    Hyper,
    Stock,
}

/// A server that has given its first answer.
pub struct Server {
    pub process: Process,
    pub port: u16,
    /// Where the gateway has its metrics.
    pub metrics: u16,
    /// From its start to its first right answer.
    pub ready: Duration,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Gateway, Self::Nginx, Self::Hyper, Self::Stock];

    pub fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Nginx => "nginx, plain proxy",
            Self::Hyper => "hyper, plain proxy",
            Self::Stock => "stock rmcp",
        }
    }

    /// Starts it and waits for its first right answer.
    pub async fn start(self, bed: &Bed) -> anyhow::Result<Server> {
        let (port, metrics) = (free_port()?, free_port()?);
        let mut command = self.command(bed, port, metrics)?;
        let started = Instant::now();
        let process = Process::start(&mut command)?;
        while !self.answers(bed, port).await {
            anyhow::ensure!(started.elapsed() < PATIENCE, "{} gives no right answer", self.name());
            tokio::time::sleep(PAUSE).await;
        }
        Ok(Server { process, port, metrics, ready: started.elapsed() })
    }

    fn command(self, bed: &Bed, port: u16, metrics: u16) -> anyhow::Result<Command> {
        let upstream = format!("http://127.0.0.1:{}", bed.upstream_port);
        Ok(match self {
            Self::Gateway => {
                let mut command = pinned(SERVER, &bed.programs.join("aurora-mcp-gateway"));
                command.envs(bed.variables.iter().cloned());
                // Limits that are counted for every request and never reached.
                for limit in ["MCP_REQUESTS_PER_SECOND", "MCP_ADDRESS_REQUESTS_PER_SECOND"] {
                    command.env(limit, "1000000");
                }
                command.env("MCP_PORT", port.to_string()).env("METRICS_PORT", metrics.to_string());
                command.env("BACKEND_URL", upstream).env("INTERNAL_API_SECRET", "bench");
                command
            }
            Self::Nginx => nginx(bed, SERVER, port, PROXY)?,
            Self::Hyper | Self::Stock => {
                let program = if self == Self::Hyper { "hyper-proxy" } else { "stock-rmcp" };
                let mut command = pinned(SERVER, &bed.programs.join(program));
                command.args([port.to_string(), upstream]);
                command
            }
        })
    }

    /// Whether it gives the incidents that the upstream has.
    async fn answers(self, bed: &Bed, port: u16) -> bool {
        let place = match self {
            Self::Gateway | Self::Stock => "/result/structuredContent/incidents",
            Self::Nginx | Self::Hyper => "/incidents",
        };
        let request = bed
            .http
            .post(format!("http://127.0.0.1:{port}/mcp"))
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2025-11-25")
            .bearer_auth(&bed.token)
            .body(BODY);
        let Ok(response) = request.send().await else { return false };
        response
            .json()
            .await
            .is_ok_and(|answer: Value| answer.pointer(place) == Some(&bed.answer["incidents"]))
    }
}

/// An nginx that answers everything with `answer`: the Aurora API of all servers.
pub async fn upstream(bed: &Bed, answer: &str) -> anyhow::Result<Process> {
    anyhow::ensure!(!answer.contains(['\'', '\\', '$']), "nginx would read more than text in the answer");
    let location = format!("default_type application/json; return 200 '{answer}';");
    let process = Process::start(&mut nginx(bed, LOAD, bed.upstream_port, &location)?)?;
    let (address, started) = (format!("http://127.0.0.1:{}", bed.upstream_port), Instant::now());
    while bed.http.get(&address).send().await.is_err() {
        anyhow::ensure!(started.elapsed() < PATIENCE, "the upstream does not answer");
        tokio::time::sleep(PAUSE).await;
    }
    Ok(process)
}

/// One process, no log of requests, connections that stay open: nginx at its cheapest.
fn nginx(bed: &Bed, core: &str, port: u16, location: &str) -> anyhow::Result<Command> {
    let directory = bed.directory.path().join(format!("nginx-{port}"));
    std::fs::create_dir(&directory)?;
    let folder = directory.display();
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary: String = kinds.map(|kind| format!("{kind}_temp_path {folder}/{kind};\n")).concat();
    let configuration = format!(
        "daemon off; master_process off; pid {folder}/pid; error_log stderr;
         events {{ worker_connections 1024; }}
         http {{
           access_log off; keepalive_requests 1000000000; {temporary}
           upstream upstream {{ server 127.0.0.1:{}; keepalive 64; keepalive_requests 1000000000; }}
           server {{ listen 127.0.0.1:{port}; location / {{ {location} }} }}
         }}",
        bed.upstream_port
    );
    let file = directory.join("nginx.conf");
    std::fs::write(&file, configuration).with_context(|| format!("cannot write {}", file.display()))?;
    let mut command = pinned(core, &bed.tools.join("usr/sbin/nginx"));
    command.arg("-p").arg(&directory).arg("-c").arg(&file).args(["-e", "stderr"]);
    Ok(command)
}

pub fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
