//! A gateway with a database, an Aurora API and a token of its own.

use std::net::{Ipv4Addr, SocketAddr};

use aurora_api_stand_in::{Options, Server};
use aurora_mcp_gateway::config::Source;
use aurora_mcp_gateway::{Config, Gateway};
use aurora_mcp_test_database::TestDatabase;
use aurora_mcp_test_database::seed::{ALICE, ALPHA};

use crate::proxy;

const TOKEN: &str = "aurora_mcp_conformance";
const SECRET: &str = "test-internal-secret";

struct Variables<'a> {
    aurora: &'a Server,
    database: &'a TestDatabase,
}

impl Source for Variables<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        match name {
            "BACKEND_URL" => Some(self.aurora.url()),
            "INTERNAL_API_SECRET" => Some(SECRET.to_owned()),
            _ => self.database.lookup(name),
        }
    }

    fn file(&self, path: &str) -> std::io::Result<String> {
        std::fs::read_to_string(path)
    }
}

/// Starts everything, gives the test the address that needs no token, and takes everything down.
pub async fn with_gateway(test: impl AsyncFnOnce(SocketAddr)) {
    TestDatabase::run(async |database| {
        database.add_clear(TOKEN, ALICE, ALPHA).await;
        let aurora = aurora_api_stand_in::spawn(Options::new(SECRET)).await.expect("the stand-in starts");
        let mut config =
            Config::from_source(&Variables { aurora: &aurora, database }).expect("a configuration");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        (config.listen, config.metrics) = (any, any);
        let gateway = Gateway::start(config).await.expect("the gateway starts");
        test(proxy::start(gateway.address(), TOKEN).await).await;
        gateway.shut_down().await;
    })
    .await;
}
