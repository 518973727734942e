//! Decides what an McpToken needs. No I/O, no clock, no randomness: what was observed goes in, steps and status come out.
//!
//! The Secret is the only place that holds a token in clear; the row is derived from it. That one rule answers most of
//! what can happen: after a crash the row is derived from the Secret that was written first, after a loss of the
//! database it is derived again, and a Secret that was lost can only be replaced by a new token.

mod config;
mod deletion;
mod identity;
mod labels;
mod lifetime;
mod observed;
mod reason;
mod rows;
mod secret;
mod service;
mod status;
mod step;
mod tenants;
mod token;

pub use config::{Config, GatewayAddress};
pub use labels::{MADE_BY, MANAGED_BY, MANAGED_BY_VALUE, SERIAL};
pub use observed::{Database, KnownRow, Observed, Owner, Row, RowState, Stray, User};
pub use reason::Reason;
pub use secret::token_of;
pub use status::{conditions, failed};
pub use step::{Amendment, NewRow, Plan, Step};
pub use tenants::{Tenant, Tenants};

use aurora_mcp_crds::FINALIZER;
use jiff::Timestamp;

/// The plan for one McpToken.
pub fn plan(observed: &Observed<'_>, config: &Config) -> Plan {
    if observed.resource.metadata.deletion_timestamp.is_some() {
        return deletion::plan(observed);
    }
    let mut steps = Vec::new();
    if !has_finalizer(observed) {
        steps.push(Step::AddFinalizer);
    }
    let verdict = identity::judge(observed, config);
    let service = service::plan(observed, config, &verdict);
    let token = token::decide(observed, config, &verdict);
    steps.extend(token.secret.clone().map(Step::WriteSecret));
    steps.extend(rows::steps(observed, &verdict, &token));
    steps.extend(service.steps.clone());
    steps.extend(secret::removal(observed, &verdict, &token));
    let status = status::of(observed, &verdict, &token, &service);
    Plan { steps, status, wake_at: wake_at(observed, &token) }
}

fn has_finalizer(observed: &Observed<'_>) -> bool {
    observed.resource.metadata.finalizers.iter().flatten().any(|name| name == FINALIZER)
}

/// The next instant at which something changes by itself.
fn wake_at(observed: &Observed<'_>, token: &token::Decision) -> Option<Timestamp> {
    let current = token.current.as_ref()?;
    let requested = observed.resource.spec.expires_at.as_ref().map(|time| time.0);
    [current.rotates_at, current.expires_at, requested]
        .into_iter()
        .flatten()
        .filter(|at| *at > observed.now)
        .min()
}
