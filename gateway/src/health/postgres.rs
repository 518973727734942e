//! The probe of Postgres: one query, and where no connection can be had, the reason why.

use std::time::Duration;

use aurora_mcp_store::{Category, MissingGrant, PostgresFacts, Program, Store, StoreError};

use super::probe::Probe;
use super::reach;
use super::reason::Reason;
use super::verdict::{Status, Verdict};

const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// Asks Postgres through the gateway's own pool: what it finds is what requests find.
pub struct PostgresProbe {
    store: Store,
    host: String,
    port: u16,
    program: Program,
    /// What the log was told last.
    said: Vec<MissingGrant>,
}

impl PostgresProbe {
    /// A probe through a store. Host and port tell a refused connection from an exhausted pool.
    pub fn new(store: Store, host: String, port: u16) -> Self {
        Self { store, host, port, program: Program::Gateway, said: Vec::new() }
    }

    /// The grants to look for, if they are not those of [`Program::Gateway`].
    #[must_use]
    pub fn for_program(self, program: Program) -> Self {
        Self { program, ..self }
    }
}

impl Probe for PostgresProbe {
    async fn check(&mut self) -> Verdict {
        let address = format!("{}:{}", self.host, self.port);
        let verdict = match self.store.probe().await {
            Ok(facts) => self.with_grants(classify(&facts)).await,
            Err(error) => Verdict::unreachable("Postgres", &address, self.why(&error).await),
        };
        verdict.with("address", address)
    }
}

impl PostgresProbe {
    /// The pool retries until its time is up and then knows only that: a connection outside it tells more.
    async fn why(&self, error: &StoreError) -> Reason {
        match cause(error) {
            Reason::Timeout => match reach::tcp(&self.host, self.port, CONNECT_LIMIT).await {
                Ok(()) => {
                    self.store.connect_once().await.err().map_or(Reason::Timeout, |error| cause(&error))
                }
                Err(reason) => reason,
            },
            reason => reason,
        }
    }

    /// Names what the gateway's role lacks, in the report each time and in the log once.
    async fn with_grants(&mut self, verdict: Verdict) -> Verdict {
        // A check that can't be made proves no lack: the next one tells.
        let Ok(missing) = self.store.missing_grants(self.program).await else { return verdict };
        if missing != self.said {
            for grant in &missing {
                tracing::warn!(grant = grant.grant, "the gateway's database role lacks a grant");
            }
            self.said.clone_from(&missing);
        }
        if missing.is_empty() || verdict.status != Status::Healthy {
            return verdict;
        }
        let grants: Vec<String> = missing.into_iter().map(|grant| grant.grant).collect();
        let text = format!("Postgres answers, but the gateway's role lacks grants: {}.", grants.join("; "));
        let detail = verdict.detail;
        Verdict { detail, ..Verdict::degraded(Reason::Permission, text) }.with("missing_grants", grants)
    }
}

fn cause(error: &StoreError) -> Reason {
    match (error.category(), error.sqlstate().as_deref()) {
        // invalid_authorization_specification and invalid_password.
        (_, Some("28000" | "28P01")) => Reason::Auth,
        // cannot_connect_now: starting up, shutting down or recovering.
        (_, Some("57P03")) => Reason::Loading,
        (_, Some("25006")) => Reason::ReadOnly,
        (Category::Forbidden, _) => Reason::Permission,
        // invalid_catalog_name: the server is there, Aurora's database is not.
        (Category::Schema, _) | (_, Some("3D000")) => Reason::SchemaMissing,
        (Category::Unavailable, _) => match reach::cause(error) {
            Reason::Unexpected => Reason::Timeout,
            reason => reason,
        },
        _ => Reason::Unexpected,
    }
}

fn classify(facts: &PostgresFacts) -> Verdict {
    let verdict = if !facts.tokens_table {
        let text = "Postgres answers, but Aurora's table mcp_tokens does not exist yet.";
        Verdict::unhealthy(Reason::SchemaMissing, text)
    } else if facts.in_recovery || facts.read_only {
        Verdict::unhealthy(Reason::ReadOnly, "Postgres answers but accepts no writes.")
    } else if facts.announced {
        Verdict::healthy("Postgres answers and accepts writes.")
    } else {
        Verdict::healthy(
            "Postgres answers and accepts writes. Changes of tokens are not announced: one that is revoked may work for 5 s more.",
        )
    };
    verdict
        .with("version", facts.version.as_str())
        .with("in_recovery", facts.in_recovery)
        .with("read_only", facts.read_only)
        .with("time_zone", facts.time_zone.as_str())
        .with("managed_tokens", facts.managed_table)
        .with("changes_announced", facts.announced)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_judged() {
        let healthy = PostgresFacts {
            version: "15.14".into(),
            in_recovery: false,
            read_only: false,
            time_zone: "UTC".into(),
            tokens_table: true,
            managed_table: true,
            announced: true,
        };
        let table = [
            (healthy.clone(), Status::Healthy, Reason::Ok),
            (PostgresFacts { managed_table: false, ..healthy.clone() }, Status::Healthy, Reason::Ok),
            (PostgresFacts { announced: false, ..healthy.clone() }, Status::Healthy, Reason::Ok),
            (PostgresFacts { in_recovery: true, ..healthy.clone() }, Status::Unhealthy, Reason::ReadOnly),
            (PostgresFacts { read_only: true, ..healthy.clone() }, Status::Unhealthy, Reason::ReadOnly),
            (PostgresFacts { tokens_table: false, ..healthy }, Status::Unhealthy, Reason::SchemaMissing),
        ];
        for (facts, status, reason) in table {
            let verdict = classify(&facts);
            assert_eq!((verdict.status, verdict.reason), (status, reason), "{facts:?}");
            assert_eq!(verdict.detail["version"], "15.14");
        }
    }
}
