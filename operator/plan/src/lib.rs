//! Decides what an McpToken needs. No I/O, no clock, no randomness: what was observed goes in, steps and status come out.
//!
//! The Secret is the only place that holds a token in clear; the row is derived from it. That one rule answers most of
//! what can happen: after a crash the row is derived from the Secret that was written first, after a loss of the
//! database it is derived again, and a Secret that was lost can only be replaced by a new token.

mod claim;
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
mod tools;

pub use claim::{claim, is_foreign};
pub use config::{Config, GatewayAddress, Scheme};
pub use labels::{MADE_BY, MANAGED_BY, MANAGED_BY_VALUE, SERIAL};
pub use observed::{Database, KnownRow, Observed, Owner, Row, RowState, Stray, User};
pub use reason::Reason;
pub use secret::token_of;
pub use status::failed;
pub use step::{Amendment, NewRow, Plan, Step};
pub use tenants::{Tenant, Tenants};

use aurora_mcp_crds::FINALIZER;
use jiff::Timestamp;

/// The plan for one McpToken.
pub fn plan(observed: &Observed<'_>, config: &Config) -> Plan {
    if is_foreign(observed.resource, &config.installation) {
        let status = observed.resource.status.clone().unwrap_or_default();
        return Plan { steps: Vec::new(), status, wake_at: None };
    }
    if observed.resource.metadata.deletion_timestamp.is_some() {
        return deletion::plan(observed);
    }
    let mut steps = Vec::new();
    if !has_finalizer(observed) || claim(observed.resource).is_none() {
        steps.push(Step::AddFinalizer);
    }
    let verdict = identity::judge(observed, config);
    let service = service::plan(observed, config, &verdict);
    let token = token::decide(observed, config, &verdict);
    steps.extend(token.secret.clone().map(Step::WriteSecret));
    steps.extend(rows::steps(observed, config, &verdict, &token));
    steps.extend(service.steps.clone());
    steps.extend(secret::removal(observed, &verdict, &token));
    let status = status::of(observed, &verdict, &token, &service);
    let wake_at = wake_at(observed, &token, &status);
    Plan { steps, status, wake_at }
}

fn has_finalizer(observed: &Observed<'_>) -> bool {
    observed.resource.metadata.finalizers.iter().flatten().any(|name| name == FINALIZER)
}

/// The next instant at which something changes by itself.
fn wake_at(
    observed: &Observed<'_>,
    token: &token::Decision,
    status: &aurora_mcp_crds::McpTokenStatus,
) -> Option<Timestamp> {
    let current = token.current.as_ref()?;
    let requested = observed.resource.spec.expires_at.as_ref().map(|time| time.0);
    let previous_ends = status.previous_token.as_ref().map(|previous| previous.expires_at.0);
    [current.rotates_at, current.expires_at, requested, previous_ends]
        .into_iter()
        .flatten()
        .filter(|at| *at > observed.now)
        .min()
}
