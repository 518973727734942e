//! Measures the gateway beside nginx and a stock rmcp server, one server at a time on one core, and prints Markdown.
//!
//! `make bench-gateway` runs it; docs/benchmarks.md says what the numbers mean.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the report is what this program is for")]

mod bed;
mod comparison;
mod load;
mod process;
mod report;
mod scale;
mod server;

use aurora_mcp_test_database::TestDatabase;

/// How many tokens are in use in the second part.
const TOKENS: usize = 10_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    // What reqwest needs to be made, although nothing here speaks TLS.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cores = std::thread::available_parallelism()?.get();
    anyhow::ensure!(cores >= 2, "the servers need one core and the load another; there is {cores}");
    TestDatabase::run(async |database| {
        let bed = bed::Bed::start(database, TOKENS).await?;
        let compared = comparison::run(&bed).await?;
        println!("{}", report::comparison(&compared));
        let scaled = scale::run(&bed).await?;
        println!("{}", report::scale(&scaled, TOKENS));
        Ok(())
    })
    .await
}
