//! The plan's specification: named situations, what is done in each, what is reported, and which tokens work after it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::needless_pass_by_value, reason = "a test may")]

mod faults;
mod issuing;
mod objects;
mod people;
mod time;
#[path = "../world/mod.rs"]
mod world;

use aurora_mcp_crds::McpTokenStatus;
use aurora_mcp_plan::{Row, RowState, Scheme, Stray, Tenant, User};
use aurora_mcp_token::{Bearer, OrgId, TokenId, UserId};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::{Value, json};
use world::{World, alice, condition};

/// Checks what is done, the reason that `Ready` has afterwards, and the serials that work then.
#[track_caller]
fn expect(world: &mut World, steps: &[&str], ready: &str, accepted: &[i64]) {
    let done = world.settle();
    assert_eq!(done, steps, "steps");
    if !world.gone {
        assert_eq!(world.ready(), ready, "reason of Ready");
        assert_eq!(world.settle(), Vec::<&str>::new(), "steady state has no steps");
    }
    assert_eq!(world.accepted(), accepted, "tokens that work");
}

const ISSUED: &[&str] = &["add-finalizer", "write-secret", "register-row"];
const ROTATED: &[&str] = &["write-secret", "register-row", "amend-row"];
const REPLACED: &[&str] = &["write-secret", "register-row", "revoke-row"];
const NOTHING: &[&str] = &[];

fn elsewhere(tenants: Vec<Tenant>) -> World {
    let mut world = World::new(json!({}));
    world.resource.metadata.namespace = Some("team".into());
    world.config.tenants.list = tenants;
    world
}
