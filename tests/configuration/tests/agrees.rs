//! The reference is what the programs read: each name, and what holds without it.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use anyhow::{Context, Result, ensure};
use aurora_mcp_configuration::{DATABASE, GATEWAY, OPERATOR, TELEMETRY, Unset, Variable, page};
use aurora_mcp_gateway::{Config as Gateway, config::Source};
use aurora_mcp_operator::Config as Operator;
use aurora_mcp_telemetry::Settings as Telemetry;

/// Variables as they are set, and the names that were asked for.
#[derive(Default)]
struct Asked {
    set: BTreeMap<&'static str, &'static str>,
    names: RefCell<BTreeSet<String>>,
}

impl Asked {
    /// What can't be left out, and `set`.
    fn with(set: &[(&'static str, &'static str)]) -> Self {
        let needed = [
            ("POSTGRES_HOST", "db"),
            ("POSTGRES_DB", "aurora"),
            ("POSTGRES_USER", "aurora"),
            ("INTERNAL_API_SECRET", "secret"),
            ("OPERATOR_NAMESPACE", "aurora-oss"),
        ];
        Self { set: needed.iter().chain(set).copied().collect(), names: RefCell::default() }
    }

    fn get(&self, name: &str) -> Option<String> {
        self.names.borrow_mut().insert(name.to_owned());
        self.set.get(name).map(|value| (*value).to_owned())
    }
}

impl Source for Asked {
    fn variable(&self, name: &str) -> Option<String> {
        self.get(name)
    }

    fn file(&self, _: &str) -> std::io::Result<String> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}

/// What a program makes of its variables, as text.
type Read = fn(&Asked) -> Result<String>;

fn gateway(asked: &Asked) -> Result<String> {
    let telemetry = Telemetry::from_lookup("", "", |name| asked.get(name))?;
    Ok(format!("{:?} {telemetry:?}", Gateway::from_source(asked)?))
}

fn operator(asked: &Asked) -> Result<String> {
    let telemetry = Telemetry::from_lookup("", "", |name| asked.get(name))?;
    Ok(format!("{:?} {telemetry:?}", Operator::from_lookup(|name| asked.get(name))?))
}

fn programs() -> [(Read, Vec<&'static Variable>); 2] {
    let both = || DATABASE.iter().chain(TELEMETRY);
    [
        (gateway as Read, GATEWAY.iter().chain(both()).collect()),
        (operator as Read, OPERATOR.iter().chain(both()).collect()),
    ]
}

#[test]
fn every_variable_that_is_read_is_listed_and_no_other() -> Result<()> {
    for (read, listed) in programs() {
        let asked = Asked::with(&[]);
        read(&asked)?;
        let read: BTreeSet<String> =
            asked.names.into_inner().into_iter().filter(|name| !name.ends_with("_FILE")).collect();
        let listed: BTreeSet<String> = listed.iter().map(|variable| variable.name.to_owned()).collect();
        assert_eq!(read, listed);
    }
    Ok(())
}

#[test]
fn what_is_said_to_hold_without_a_variable_holds() -> Result<()> {
    for (read, listed) in programs() {
        let without = read(&Asked::with(&[]))?;
        for Variable { name, unset, .. } in listed {
            match unset {
                Unset::Refused => {
                    let error = read(&Asked::with(&[(name, "")])).err();
                    let error = error.with_context(|| format!("{name} may be left out"))?.to_string();
                    assert_eq!(error, format!("{name} is not set"));
                }
                Unset::Means(value) => {
                    assert_eq!(
                        read(&Asked::with(&[(name, value)]))?,
                        without,
                        "{name} is not {value} by itself"
                    );
                }
                Unset::Is(_) => {
                    assert_eq!(read(&Asked::with(&[(name, "")]))?, without, "{name} counts when it is empty");
                }
            }
        }
    }
    Ok(())
}

/// A secret is not printed: setting it changes nothing that can be seen here.
#[test]
fn every_example_is_taken_and_makes_a_difference() -> Result<()> {
    let unseen = ["INTERNAL_API_SECRET", "REDIS_URL", "POSTGRES_PASSWORD"];
    // Together only: a release without a namespace is nothing, a certificate without its key, a header that
    // nobody may set.
    let pairs = BTreeMap::from([
        ("AURORA_RELEASE", ("AURORA_NAMESPACE", "aurora")),
        ("AURORA_NAMESPACE", ("AURORA_RELEASE", "aurora")),
        ("MCP_PROXY_EMAIL_HEADER", ("MCP_TRUSTED_PROXIES", "10.0.0.7")),
        ("MCP_TLS_CERT", ("MCP_TLS_KEY", "/etc/tls/tls.key")),
        ("MCP_TLS_KEY", ("MCP_TLS_CERT", "/etc/tls/tls.crt")),
    ]);
    for (read, listed) in programs() {
        let without = read(&Asked::with(&[]))?;
        for Variable { name, example, .. } in listed {
            let mut set = vec![(*name, *example)];
            set.extend(pairs.get(name).copied());
            let with = read(&Asked::with(&set)).with_context(|| format!("{name}={example}"))?;
            ensure!(with != without || unseen.contains(name), "{name}={example} makes no difference");
        }
    }
    Ok(())
}

#[test]
fn the_page_is_up_to_date() -> Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    let kept = std::fs::read_to_string(path)?;
    ensure!(kept == page(), "docs/configuration.md is stale: make generate");
    Ok(())
}
