//! The servers side by side: the same load for each in turn, several times, and the median of every number.

use std::time::Duration;

use anyhow::Context as _;

use crate::bed::Bed;
use crate::load::Measured;
use crate::server::{Kind, Server};

/// Connections that stay open, each with one request at a time.
pub const CONNECTIONS: [usize; 3] = [1, 16, 64];
const STARTS: usize = 5;
const ROUND: Duration = Duration::from_secs(3);
const WARM_UP: Duration = Duration::from_secs(2);

/// What one server has shown.
pub struct Shown {
    pub kind: Kind,
    /// Medians, for each of [`CONNECTIONS`].
    pub loads: Vec<Measured>,
    /// Memory before the load, in MB.
    pub idle: f64,
    /// The most memory that it ever had, all loads over, in MB.
    pub peak: f64,
    /// From start to first answer, in milliseconds.
    pub ready: f64,
}

/// All servers.
pub async fn run(bed: &Bed) -> anyhow::Result<Vec<Shown>> {
    let mut running = Vec::new();
    for kind in Kind::ALL {
        let ready = starts(bed, kind).await?;
        let server = kind.start(bed).await?;
        running.push((kind, ready, server));
    }
    // What a start leaves behind (probes, first connections) settles.
    tokio::time::sleep(WARM_UP).await;
    let idle = running.iter().map(|(.., server)| server.process.resident()).collect::<Result<Vec<_>, _>>()?;
    let mut rounds = vec![vec![Vec::new(); CONNECTIONS.len()]; running.len()];
    for (_, _, server) in &running {
        bed.load(1, 16, WARM_UP).run(&[(&server.process, server.port)]).await?;
    }
    for (at, connections) in CONNECTIONS.into_iter().enumerate() {
        for round in 1..=bed.rounds {
            eprintln!("{connections} connections, round {round} of {}", bed.rounds);
            for ((_, _, server), rounds) in running.iter().zip(&mut rounds) {
                let load = bed.load(1, connections, ROUND);
                rounds[at].push(load.run(&[(&server.process, server.port)]).await?);
            }
        }
    }
    let mut shown = Vec::new();
    for (((kind, ready, server), rounds), idle) in running.into_iter().zip(rounds).zip(idle) {
        if kind == Kind::Gateway {
            let requests = rounds.iter().flatten().map(|measured| measured.requests).sum();
            did_all_that_it_does(bed, &server, requests).await?;
        }
        let loads = rounds.iter().map(|measured| middle(measured)).collect();
        shown.push(Shown { kind, loads, idle, peak: server.process.peak()?, ready });
    }
    Ok(shown)
}

/// The median time from start to first answer.
async fn starts(bed: &Bed, kind: Kind) -> anyhow::Result<f64> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let server = kind.start(bed).await?;
        times.push(server.ready.as_secs_f64() * 1e3);
        server.process.end().await?;
    }
    Ok(median(times))
}

/// A gateway that left out the audit or the metrics would be no fair comparison.
async fn did_all_that_it_does(bed: &Bed, server: &Server, requests: u64) -> anyhow::Result<()> {
    let lines = server.process.lines();
    anyhow::ensure!(lines >= requests, "{lines} lines in the audit log for {requests} requests");
    let address = format!("http://127.0.0.1:{}/metrics", server.metrics);
    let metrics = bed.http.get(address).send().await?.text().await?;
    for name in [
        "aurora_mcp_requests_total{method=\"tools/call\",target=\"list_incidents\",outcome=\"ok\"",
        "aurora_mcp_authentications_total{outcome=\"valid\"",
        "aurora_mcp_upstream_calls_total{outcome=\"ok\"",
    ] {
        let line = metrics
            .lines()
            .find(|line| line.starts_with(name))
            .with_context(|| format!("no metric {name}"))?;
        let count: u64 = line.rsplit(' ').next().unwrap_or_default().parse()?;
        anyhow::ensure!(count >= requests, "{line} after {requests} requests");
    }
    Ok(())
}

/// The median of each number by itself.
pub fn middle(rounds: &[Measured]) -> Measured {
    let of = |number: fn(&Measured) -> f64| median(rounds.iter().map(number).collect());
    Measured {
        requests: rounds.iter().map(|round| round.requests).sum(),
        per_second: of(|round| round.per_second),
        cpu: of(|round| round.cpu),
        busy: of(|round| round.busy),
        p50: of(|round| round.p50),
        p99: of(|round| round.p99),
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}
