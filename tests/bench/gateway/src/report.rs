//! The numbers as Markdown.

use crate::comparison::{CONNECTIONS, Shown};
use crate::load::Measured;
use crate::scale::Scaled;
use crate::server::Kind;

/// Aims of the gateway: nginx's CPU time for a request times this; MB idle and at the most connections; milliseconds to the first answer.
const CPU: f64 = 1.5;
const IDLE: f64 = 20.0;
const LOADED: f64 = 64.0;
const READY: f64 = 100.0;

/// The servers side by side, and the gateway beside its aims.
pub fn comparison(shown: &[Shown]) -> String {
    let of = |kind: Kind| shown.iter().find(|shown| shown.kind == kind);
    let (Some(gateway), Some(nginx)) = (of(Kind::Gateway), of(Kind::Nginx)) else { return String::new() };
    let mut lines = vec![
        "| connections | server | requests/s | CPU µs per request | × nginx | p50 ms | p99 ms | core busy |"
            .to_owned(),
        "| --- | --- | --- | --- | --- | --- | --- | --- |".to_owned(),
    ];
    for (at, connections) in CONNECTIONS.into_iter().enumerate() {
        for server in shown {
            lines.push(row(connections, server, &server.loads[at], nginx.loads[at].cpu));
        }
    }
    lines.push(String::new());
    lines.push(
        "| server | MB idle | MB at most, up to 64 connections | ms from start to first answer |".to_owned(),
    );
    lines.push("| --- | --- | --- | --- |".to_owned());
    for Shown { kind, idle, peak, ready, .. } in shown {
        lines.push(format!("| {} | {idle:.1} | {peak:.1} | {ready:.0} |", kind.name()));
    }
    lines.push(String::new());
    lines.push("| aim | measured | met |".to_owned());
    lines.push("| --- | --- | --- |".to_owned());
    let ratios = gateway.loads.iter().zip(&nginx.loads).map(|(ours, theirs)| ours.cpu / theirs.cpu);
    for (connections, ratio) in CONNECTIONS.into_iter().zip(ratios) {
        lines.push(aim(
            &format!("CPU per request, {connections} connections: at most {CPU} × nginx"),
            ratio,
            CPU,
            "×",
        ));
    }
    lines.push(aim(&format!("idle: under {IDLE} MB"), gateway.idle, IDLE, "MB"));
    lines.push(aim(&format!("64 connections: under {LOADED} MB"), gateway.peak, LOADED, "MB"));
    lines.push(aim(&format!("first answer: within {READY} ms"), gateway.ready, READY, "ms"));
    lines.join("\n") + "\n"
}

fn row(connections: usize, server: &Shown, load: &Measured, nginx: f64) -> String {
    let Measured { per_second, cpu, busy, p50, p99, .. } = load;
    let name = server.kind.name();
    format!(
        "| {connections} | {name} | {per_second:.0} | {cpu:.1} | {:.2} | {p50:.2} | {p99:.2} | {busy:.0} % |",
        cpu / nginx
    )
}

fn aim(text: &str, measured: f64, most: f64, unit: &str) -> String {
    let met = if measured <= most { "yes" } else { "no" };
    format!("| {text} | {measured:.2} {unit} | {met} |")
}

/// Two replicas with one token and with very many.
pub fn scale(scaled: &Scaled, tokens: usize) -> String {
    let Scaled { one, many, memory_with_one, memory_with_many } = scaled;
    let row = |tokens: usize, load: &Measured, memory: f64| {
        let Measured { per_second, cpu, p50, p99, .. } = load;
        let ratio = cpu / one.cpu;
        format!("| {tokens} | {per_second:.0} | {cpu:.1} | {ratio:.2} | {p50:.2} | {p99:.2} | {memory:.1} |")
    };
    [
        "| tokens, 2 replicas | requests/s | CPU µs per request | × one token | p50 ms | p99 ms | MB, both replicas |".to_owned(),
        "| --- | --- | --- | --- | --- | --- | --- |".to_owned(),
        row(1, one, *memory_with_one),
        row(tokens, many, *memory_with_many),
    ]
    .join("\n")
        + "\n"
}
