//! The plan's specification: named situations, what is done in each, what is reported, and which tokens work after it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::needless_pass_by_value, reason = "a test may")]

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

// --- Issuing ---

#[test]
fn new_mcp_token_gets_secret_then_row() {
    expect(&mut World::new(json!({})), ISSUED, "Ready", &[1]);
}

#[test]
fn status_names_no_rotation_request_before_there_was_one() {
    let world = World::settled(json!({}));
    assert_eq!(world.plan().status.last_rotation_request, None);
}

#[test]
fn user_may_be_named_by_address() {
    let mut world = World::new(json!({}));
    world.resource.spec.user.id = None;
    world.resource.spec.user.email = Some("alice@alpha.example".into());
    expect(&mut world, ISSUED, "Ready", &[1]);
}

#[test]
fn unknown_user_gets_nothing() {
    let mut world = World::new(json!({}));
    world.user = None;
    expect(&mut world, &["add-finalizer"], "UserNotFound", &[]);
    world.user = Some(alice());
    expect(&mut world, &ISSUED[1..], "Ready", &[1]);
}

#[test]
fn user_without_organisation_gets_nothing() {
    let mut world = World::new(json!({}));
    world.user = Some(User { org_id: None, ..alice() });
    expect(&mut world, &["add-finalizer"], "UserWithoutOrganisation", &[]);
}

#[test]
fn user_of_another_organisation_than_asked_for_gets_nothing() {
    expect(&mut World::new(json!({"orgId": "beta"})), &["add-finalizer"], "OrganisationMismatch", &[]);
    expect(&mut World::new(json!({"orgId": "alpha"})), ISSUED, "Ready", &[1]);
}

#[test]
fn suspended_mcp_token_is_issued_stopped() {
    let mut world = World::new(json!({"suspended": true}));
    expect(&mut world, ISSUED, "Suspended", &[]);
    world.edit(json!({"suspended": false}));
    expect(&mut world, &["amend-row"], "Ready", &[1]);
}

#[test]
fn rotation_request_at_creation_is_no_rotation() {
    let mut world = World::new(json!({}));
    world.request_rotation("then");
    expect(&mut world, ISSUED, "Ready", &[1]);
}

#[test]
fn expiry_in_the_past_issues_nothing() {
    expect(&mut World::new(json!({"expiresAt": "2025-01-01T00:00:00Z"})), &["add-finalizer"], "Expired", &[]);
}

// --- Two installations ---

#[test]
fn mcp_token_of_another_installation_is_left_alone() {
    let mut world = World::new(json!({}));
    world.claim("other");
    assert_eq!((world.due(), world.plan().status), (vec![], McpTokenStatus::default()));
    let mut world = World::settled(json!({}));
    let status = world.resource.status.clone();
    world.claim("other").edit(json!({"suspended": true})).request_rotation("now").delete();
    assert_eq!((world.due(), Some(world.plan().status)), (vec![], status));
}

#[test]
fn mcp_token_that_was_moved_here_goes_on_with_its_token() {
    let mut world = World::settled(json!({}));
    let token = world.token().unwrap().digest();
    world.claim("next");
    world.config.installation = "next".into();
    expect(&mut world, &["register-row"], "Ready", &[1]);
    assert_eq!(world.token().unwrap().digest(), token);
    assert_eq!(world.rows[0].known.owner.installation, "next");
}

#[test]
fn unclaimed_mcp_token_of_an_earlier_version_is_claimed_once() {
    let mut world = World::settled(json!({}));
    world.claim("");
    expect(&mut world, &["add-finalizer"], "Ready", &[1]);
    assert_eq!(world.resource.metadata.finalizers.as_ref().unwrap().len(), 1);
}

// --- What is told besides ---

#[test]
fn polling_is_said_and_taken_back() {
    let mut world = World::settled(json!({}));
    world.announced = false;
    assert_eq!(condition(&world.plan(), "InstantRevocation"), ("False".into(), "Polling".into()));
    expect(&mut world, NOTHING, "Ready", &[1]);
    world.announced = true;
    expect(&mut world, NOTHING, "Ready", &[1]);
    assert_eq!(condition(&world.plan(), "InstantRevocation"), (String::new(), String::new()));
}

#[test]
fn tools_that_nobody_has_are_named_and_limit_all_the_same() {
    let mut world = World::settled(json!({"access": {"tools": ["list_incidents", "lst_incidents"]}}));
    let conditions = world.plan().status.conditions;
    let told = conditions.iter().find(|condition| condition.type_ == "ToolsKnown").unwrap();
    assert!(told.message.contains("is called: lst_incidents."), "{}", told.message);
    assert!(told.message.contains("get_incident"), "{}", told.message);
    let stored = world.rows[0].known.access.clone().unwrap().tools.unwrap();
    assert_eq!(stored, ["list_incidents", "lst_incidents"]);
    world.edit(json!({"access": {"tools": ["list_incidents"]}})).settle();
    assert_eq!(condition(&world.plan(), "ToolsKnown"), (String::new(), String::new()));
}

#[test]
fn previous_token_is_shown_until_it_ends() {
    let mut world = World::settled(json!({"rotation": {"interval": "24h", "overlap": "2h"}}));
    assert_eq!(world.plan().status.previous_token, None);
    world.request_rotation("now").settle();
    let previous = world.plan().status.previous_token.unwrap();
    let end = world.now + jiff::SignedDuration::from_hours(2);
    assert_eq!((previous.serial, previous.expires_at.0), (1, end));
    assert_eq!(world.plan().wake_at, Some(end), "so that it is taken away in time");
    world.after("2h");
    assert_eq!(world.plan().status.previous_token, None);
}

#[test]
fn each_condition_says_its_own_part() {
    let blocked = |change: fn(&mut World)| {
        let mut world = World::settled(json!({}));
        change(&mut world);
        world.settle();
        world.plan().status.conditions
    };
    for conditions in [
        blocked(|world| world.user = None),
        blocked(|world| world.away = true),
        blocked(|world| world.config.max_ttl = Some(jiff::SignedDuration::from_hours(1))),
        blocked(|world| world.secrets.get_mut("laptop").unwrap().metadata.owner_references = None),
        blocked(|world| _ = world.edit(json!({"suspended": true}))),
        blocked(|world| _ = world.revoke_in_aurora()),
    ] {
        let mut messages: Vec<_> = conditions.iter().map(|condition| &condition.message).collect();
        messages.sort();
        messages.dedup();
        assert_eq!(messages.len(), conditions.len(), "{conditions:#?}");
    }
}

// --- Who may mint for whom ---

fn elsewhere(tenants: Vec<Tenant>) -> World {
    let mut world = World::new(json!({}));
    world.resource.metadata.namespace = Some("team".into());
    world.config.tenants.list = tenants;
    world
}

#[test]
fn namespaces_are_denied_unless_allowed() {
    let tenant = |namespace: &str, organisations: &[&str], users: &[&str]| Tenant {
        namespace: Some(namespace.into()),
        organisations: organisations.iter().map(|&name| name.into()).collect(),
        users: users.iter().map(|&name| name.into()).collect(),
        ..Tenant::default()
    };
    for (tenants, ready) in [
        (vec![], "NotPermitted"),
        (vec![tenant("team", &["alpha"], &[])], "Ready"),
        (vec![tenant("team", &["*"], &[])], "Ready"),
        (vec![tenant("team", &[], &["alice@ALPHA.example"])], "Ready"),
        (vec![tenant("team", &[], &["u-alice"])], "Ready"),
        (vec![tenant("team", &["beta"], &["u-bob"])], "NotPermitted"),
        (vec![tenant("other", &["*"], &[])], "NotPermitted"),
        (vec![Tenant { organisations: vec!["*".into()], ..Tenant::default() }], "NotPermitted"),
    ] {
        let mut world = elsewhere(tenants.clone());
        world.settle();
        assert_eq!(world.ready(), ready, "{tenants:?}");
    }
}

/// Users that a namespace with rights for Beta only must not tell apart: none, one of no organisation, one of Alpha.
fn users_outside_beta() -> [Option<User>; 3] {
    [None, Some(User { org_id: None, ..alice() }), Some(alice())]
}

#[test]
fn namespace_learns_nothing_about_users_that_it_may_not_mint_for() {
    let beta = Tenant {
        namespace: Some("team".into()),
        organisations: vec!["beta".into()],
        users: vec!["u-bob".into()],
        ..Tenant::default()
    };
    for tenants in [vec![], vec![beta]] {
        for spec in [json!({}), json!({"orgId": "alpha"}), json!({"orgId": "beta"})] {
            for user in users_outside_beta() {
                let mut world = elsewhere(tenants.clone());
                world.edit(spec.clone()).user.clone_from(&user);
                world.settle();
                assert_eq!(
                    (world.ready().as_str(), world.message().as_str()),
                    (
                        "NotPermitted",
                        "namespace team may not have tokens of user u-alice: check spec.user, \
                         or ask an administrator to allow it in the operator's tenants"
                    ),
                    "{tenants:?} {spec} {user:?}"
                );
            }
        }
    }
}

#[test]
fn named_user_without_organisation_is_not_told_from_one_who_is_not_there() {
    let named = Tenant { namespace: Some("team".into()), users: vec!["u-alice".into()], ..Tenant::default() };
    for user in [None, Some(User { org_id: None, ..alice() })] {
        let mut world = elsewhere(vec![named.clone()]);
        world.user.clone_from(&user);
        world.settle();
        assert_eq!(world.ready(), "NotPermitted", "{user:?}");
    }
}

#[test]
fn namespace_that_may_mint_for_everybody_is_told_what_is_wrong() {
    let all = Tenant { namespace: Some("team".into()), organisations: vec!["*".into()], ..Tenant::default() };
    for (user, ready, hint) in [
        (
            None,
            "UserNotFound",
            "no user with id u-alice: check spec.user.id; for an e-mail address use spec.user.email",
        ),
        (Some(User { org_id: None, ..alice() }), "UserWithoutOrganisation", "belongs to no organisation"),
        (Some(alice()), "OrganisationMismatch", "must be the organisation's id, not its name"),
    ] {
        for mut world in [elsewhere(vec![all.clone()]), World::new(json!({}))] {
            world.edit(json!({"orgId": "Beta"})).user.clone_from(&user);
            world.settle();
            assert_eq!(world.ready(), ready);
            assert!(world.message().contains(hint), "{}", world.message());
        }
    }
}

#[test]
fn permission_withdrawn_stops_the_token_and_given_back_lets_it_work() {
    let allowed =
        vec![Tenant { namespace: Some("team".into()), organisations: vec!["*".into()], ..Tenant::default() }];
    let mut world = elsewhere(allowed.clone());
    world.settle();
    world.config.tenants.list.clear();
    expect(&mut world, &["amend-row"], "NotPermitted", &[]);
    world.config.tenants.list = allowed;
    expect(&mut world, &["amend-row"], "Ready", &[1]);
}

// --- Crashes ---

#[test]
fn crash_after_the_secret_mints_nothing_twice() {
    let mut world = World::new(json!({}));
    world.crash_after(2);
    let token = world.token().unwrap().digest();
    expect(&mut world, &["register-row"], "Ready", &[1]);
    assert_eq!(world.token().unwrap().digest(), token);
}

#[test]
fn crash_between_any_two_steps_of_a_rotation_ends_with_one_new_token() {
    for steps in 0..=3 {
        let mut world = World::settled(json!({}));
        world.request_rotation("now").crash_after(steps);
        world.settle();
        assert_eq!(
            (world.accepted(), world.ready()),
            (vec![1, 2], "Ready".to_owned()),
            "after {steps} steps"
        );
        world.after("1h");
        assert_eq!(world.accepted(), [2], "after {steps} steps");
    }
}

// --- Losses and edits ---

#[test]
fn lost_secret_is_replaced_and_its_token_revoked() {
    let mut world = World::settled(json!({}));
    world.secrets.clear();
    expect(&mut world, REPLACED, "Ready", &[2]);
}

#[test]
fn secret_with_a_malformed_token_is_replaced() {
    let mut world = World::settled(json!({}));
    world.put_token("hunter2");
    expect(&mut world, REPLACED, "Ready", &[2]);
}

#[test]
fn token_put_into_the_secret_by_hand_counts() {
    let mut world = World::settled(json!({}));
    let by_hand = Bearer::mint(&[99; 48]);
    world.put_token(by_hand.expose());
    expect(&mut world, REPLACED, "Ready", &[2]);
    assert_eq!(world.token().unwrap().digest(), by_hand.digest());
}

#[test]
fn earlier_token_that_is_put_back_counts_from_a_whole_second() {
    let mut world = World::settled(json!({}));
    let first = world.token().unwrap();
    world.request_rotation("now").settle();
    world.after("1500ms").put_token(first.expose());
    expect(&mut world, &["write-secret", "amend-row", "revoke-row"], "Ready", &[1]);
    let issued_at = world.plan().status.issued_at.unwrap().0;
    assert_eq!(issued_at.subsec_nanosecond(), 0, "the API server keeps no parts of a second");
}

#[test]
fn token_of_an_earlier_mcp_token_of_this_name_counts_although_its_serial_is_given_again() {
    let mut world = World::settled(json!({"deletionPolicy": "Retain"}));
    let earlier = world.token().unwrap();
    world.delete().settle();
    world.remake("uid-2").settle();
    assert_eq!((world.ready(), world.rows[1].known.serial), ("Ready".into(), 1));
    world.put_token(earlier.expose());
    expect(&mut world, &["write-secret", "register-row", "revoke-row"], "Ready", &[2]);
    assert_eq!(world.token().unwrap().digest(), earlier.digest());
}

#[test]
fn token_of_another_mcp_token_is_not_taken() {
    let mut world = World::settled(json!({}));
    let mut other = World::settled(json!({}));
    other.put_token(Bearer::mint(&[50; 48]).expose()).settle();
    let mut theirs = other.rows.last().unwrap().clone();
    theirs.known.owner.uid = "uid-other".into();
    theirs.known.owner.name = "other".into();
    theirs.known.token_id = TokenId(77);
    world.rows.push(theirs);
    let text = other.token().unwrap();
    world.put_token(text.expose());
    world.settle();
    assert_eq!(world.ready(), "TokenInUse");
    assert!(
        !world.rows[0].known.row.as_ref().is_some_and(|row| row.state == RowState::Active),
        "the old one is stopped"
    );
    assert_eq!(world.rows.last().unwrap().known.owner.name, "other");
}

#[test]
fn secret_data_that_was_changed_is_written_again() {
    let mut world = World::settled(json!({}));
    world.secrets.get_mut("laptop").unwrap().data.as_mut().unwrap().remove("mcp.json");
    expect(&mut world, &["write-secret"], "Ready", &[1]);
}

#[test]
fn labels_of_others_on_the_secret_are_left_alone() {
    let mut world = World::settled(json!({"secret": {"labels": {"team": "sre"}}}));
    let labels = world.secrets.get_mut("laptop").unwrap().metadata.labels.get_or_insert_default();
    assert_eq!(labels["team"], "sre");
    labels.insert("theirs".into(), "1".into());
    expect(&mut world, NOTHING, "Ready", &[1]);
    world.edit(json!({"secret": {"labels": {"team": "ops"}}}));
    expect(&mut world, &["write-secret"], "Ready", &[1]);
    let labels = world.secrets["laptop"].metadata.labels.clone().unwrap();
    assert_eq!((labels["team"].as_str(), labels["theirs"].as_str()), ("ops", "1"));
}

#[test]
fn rebuilt_database_gets_its_rows_back_from_the_secret() {
    let mut world = World::settled(json!({}));
    world.rows.clear();
    expect(&mut world, &["register-row"], "Ready", &[1]);
}

#[test]
fn emptied_token_table_gets_its_row_back() {
    let mut world = World::settled(json!({}));
    world.rows[0].known.row = None;
    expect(&mut world, &["register-row"], "Ready", &[1]);
}

#[test]
fn restored_cluster_takes_the_rows_of_the_same_name_over() {
    let mut world = World::settled(json!({}));
    world.resource.metadata.uid = Some("uid-2".into());
    let secret = world.secrets.get_mut("laptop").unwrap();
    secret.metadata.owner_references.as_mut().unwrap()[0].uid = "uid-2".into();
    expect(&mut world, &["register-row"], "Ready", &[1]);
    assert_eq!(world.rows[0].known.owner.uid, "uid-2");
}

#[test]
fn foreign_secret_is_never_overwritten() {
    let mut world = World::new(json!({}));
    let foreign: Value = json!({"metadata": {"name": "laptop", "resourceVersion": "5"}, "data": {}});
    world.secrets.insert("laptop".into(), serde_json::from_value(foreign).unwrap());
    expect(&mut world, &["add-finalizer"], "SecretConflict", &[]);
    assert!(world.message().starts_with("set spec.secret.name to another name"), "{}", world.message());
    world.secrets.clear();
    expect(&mut world, &ISSUED[1..], "Ready", &[1]);
}

#[test]
fn secret_that_only_looks_like_ours_is_foreign() {
    for (field, value) in
        [("uid", json!("uid-other")), ("kind", json!("Deployment")), ("controller", json!(false))]
    {
        let mut world = World::settled(json!({}));
        let mut secret = serde_json::to_value(&world.secrets["laptop"]).unwrap();
        secret["metadata"]["ownerReferences"][0][field] = value;
        world.secrets.insert("laptop".into(), serde_json::from_value(secret).unwrap());
        assert_eq!((world.due(), world.ready()), (vec![], "SecretConflict".into()), "{field}");
    }
}

#[test]
fn renamed_secret_takes_its_token_along() {
    let mut world = World::settled(json!({}));
    let token = world.token().unwrap().digest();
    world.edit(json!({"secret": {"name": "agent"}}));
    world.crash_after(1);
    expect(&mut world, &["remove-secret"], "Ready", &[1]);
    assert_eq!(world.token().unwrap().digest(), token);
    assert_eq!(world.secrets.keys().collect::<Vec<_>>(), ["agent"]);
}

#[test]
fn secret_is_not_renamed_during_an_outage_or_onto_a_foreign_one() {
    let mut world = World::settled(json!({}));
    world.away = true;
    world.edit(json!({"secret": {"name": "agent"}}));
    expect(&mut world, NOTHING, "DatabaseUnavailable", &[1]);
    world.away = false;
    let foreign: Value = json!({"metadata": {"name": "agent", "resourceVersion": "5"}, "data": {}});
    world.secrets.insert("agent".into(), serde_json::from_value(foreign).unwrap());
    expect(&mut world, NOTHING, "SecretConflict", &[1]);
    world.secrets.remove("agent");
    expect(&mut world, &["write-secret", "remove-secret"], "Ready", &[1]);
}

// --- Rotation ---

#[test]
fn requested_rotation_lets_the_previous_token_live_for_the_overlap() {
    let mut world = World::settled(json!({}));
    world.request_rotation("now");
    expect(&mut world, ROTATED, "Ready", &[1, 2]);
    world.after("59m");
    expect(&mut world, NOTHING, "Ready", &[1, 2]);
    world.after("1m");
    expect(&mut world, NOTHING, "Ready", &[2]);
}

#[test]
fn requested_rotation_is_carried_out_once() {
    let mut world = World::settled(json!({}));
    world.request_rotation("now").settle();
    world.after("5h");
    expect(&mut world, NOTHING, "Ready", &[2]);
    world.request_rotation("again");
    expect(&mut world, &["write-secret", "register-row", "revoke-row", "amend-row"], "Ready", &[2, 3]);
}

#[test]
fn second_rotation_within_the_overlap_revokes_the_oldest() {
    let mut world = World::settled(json!({}));
    world.request_rotation("now").settle();
    world.request_rotation("again");
    expect(&mut world, &["write-secret", "register-row", "revoke-row", "amend-row"], "Ready", &[2, 3]);
}

#[test]
fn scheduled_rotation_comes_when_it_is_due() {
    let mut world = World::settled(json!({"rotation": {"interval": "24h", "overlap": "2h"}}));
    assert_eq!(world.plan().wake_at, Some(world.now + jiff::SignedDuration::from_hours(24)));
    world.after("23h59m59s");
    expect(&mut world, NOTHING, "Ready", &[1]);
    world.after("1s");
    expect(&mut world, ROTATED, "Ready", &[1, 2]);
    world.after("2h");
    expect(&mut world, NOTHING, "Ready", &[2]);
}

#[test]
fn overlap_never_lengthens_a_token_that_ends_earlier() {
    let mut world = World::settled(json!({"ttl": "30m"}));
    world.after("20m").request_rotation("now").settle();
    assert_eq!(world.accepted(), [1, 2]);
    world.after("10m");
    assert_eq!(world.accepted(), [2]);
}

#[test]
fn suspended_token_is_not_rotated_until_it_is_resumed() {
    let mut world = World::settled(json!({"rotation": {"interval": "1h"}, "suspended": true}));
    world.after("3h").request_rotation("now");
    expect(&mut world, NOTHING, "Suspended", &[]);
    world.edit(json!({"suspended": false})).settle();
    assert_eq!((world.ready(), world.accepted().last()), ("Ready".into(), Some(&2)));
}

// --- Expiry ---

#[test]
fn expired_token_says_so_and_lives_again_when_its_end_is_moved() {
    let mut world = World::settled(json!({"ttl": "1h"}));
    world.after("1h");
    expect(&mut world, NOTHING, "Expired", &[]);
    world.edit(json!({"ttl": "2h"}));
    expect(&mut world, &["amend-row"], "Ready", &[1]);
}

#[test]
fn expired_token_is_replaced_on_request() {
    let mut world = World::settled(json!({"ttl": "1h"}));
    world.after("2h").request_rotation("now");
    expect(&mut world, &["write-secret", "register-row"], "Ready", &[2]);
}

#[test]
fn tokens_longer_than_the_administrator_allows_are_not_issued() {
    for (spec, ready) in [
        (json!({}), "LifetimeNotAllowed"),
        (json!({"ttl": "25h"}), "LifetimeNotAllowed"),
        (json!({"expiresAt": "2026-01-02T00:00:01Z"}), "LifetimeNotAllowed"),
        (json!({"ttl": "24h"}), "Ready"),
        (json!({"expiresAt": "2026-01-02T00:00:00Z"}), "Ready"),
    ] {
        let mut world = World::new(spec.clone());
        world.config.max_ttl = Some(jiff::SignedDuration::from_hours(24));
        world.settle();
        assert_eq!(world.ready(), ready, "{spec}");
    }
}

#[test]
fn limit_set_later_stops_tokens_that_exceed_it_until_they_comply() {
    let mut world = World::settled(json!({}));
    world.config.max_ttl = Some(jiff::SignedDuration::from_hours(24));
    expect(&mut world, &["amend-row"], "LifetimeNotAllowed", &[]);
    world.edit(json!({"ttl": "1h"}));
    expect(&mut world, &["amend-row"], "Ready", &[1]);
}

// --- Changes of a row that stays ---

#[test]
fn access_change_keeps_the_token() {
    let mut world = World::settled(json!({}));
    world.edit(json!({"access": {"mode": "ReadOnly", "tools": ["get_incident"]}}));
    expect(&mut world, &["amend-row"], "Ready", &[1]);
    world.request_rotation("now").settle();
    world.edit(json!({"access": {"mode": "ReadOnly", "tools": []}}));
    expect(&mut world, &["amend-row", "amend-row"], "Ready", &[1, 2]);
}

#[test]
fn limits_that_cannot_be_read_are_written_again() {
    let mut world = World::settled(json!({"access": {"mode": "ReadOnly"}}));
    world.rows[0].known.access = None;
    expect(&mut world, &["amend-row"], "Ready", &[1]);
}

#[test]
fn renamed_or_lengthened_row_is_put_right() {
    let mut world = World::settled(json!({"ttl": "1h"}));
    world.rows[0].known.row.as_mut().unwrap().name = Some("renamed".into());
    world.rows[0].known.row.as_mut().unwrap().expires_at = None;
    expect(&mut world, &["amend-row"], "Ready", &[1]);
}

#[test]
fn suspension_stops_every_token_and_resuming_brings_them_back() {
    let mut world = World::settled(json!({}));
    world.request_rotation("now").settle();
    world.edit(json!({"suspended": true}));
    expect(&mut world, &["amend-row", "amend-row"], "Suspended", &[]);
    world.edit(json!({"suspended": false}));
    expect(&mut world, &["amend-row", "amend-row"], "Ready", &[1, 2]);
}

// --- Revoked in Aurora ---

#[test]
fn token_revoked_in_aurora_stays_revoked_until_a_rotation_is_requested() {
    let mut world = World::settled(json!({"rotation": {"interval": "1h"}}));
    world.revoke_in_aurora();
    expect(&mut world, &["write-secret"], "RevokedInAurora", &[]);
    world.after("5h");
    expect(&mut world, NOTHING, "RevokedInAurora", &[]);
    world.edit(json!({"suspended": true})).settle();
    world.edit(json!({"suspended": false}));
    expect(&mut world, NOTHING, "RevokedInAurora", &[]);
    world.request_rotation("now");
    expect(&mut world, &["write-secret", "register-row"], "Ready", &[2]);
}

#[test]
fn token_revoked_in_aurora_stays_revoked_when_the_database_is_rebuilt() {
    let mut world = World::settled(json!({}));
    world.revoke_in_aurora().settle();
    world.rows.clear();
    expect(&mut world, NOTHING, "RevokedInAurora", &[]);
    world.request_rotation("now");
    expect(&mut world, &["write-secret", "register-row"], "Ready", &[2]);
}

/// An older backup: the row is in force again.
fn restore_backup(world: &mut World) {
    world.rows[0].known.row.as_mut().unwrap().state = RowState::Active;
}

#[test]
fn token_revoked_in_aurora_is_revoked_again_when_an_older_backup_is_restored() {
    let mut world = World::settled(json!({}));
    world.revoke_in_aurora().settle();
    restore_backup(&mut world);
    expect(&mut world, &["revoke-row"], "RevokedInAurora", &[]);
}

#[test]
fn token_revoked_in_aurora_has_no_overlap_even_if_an_older_backup_was_restored() {
    let mut world = World::settled(json!({}));
    world.revoke_in_aurora().settle();
    restore_backup(&mut world);
    world.request_rotation("now");
    expect(&mut world, REPLACED, "Ready", &[2]);
}

// --- People ---

#[test]
fn token_stops_while_its_user_is_gone_and_works_again_when_the_user_is_back() {
    let mut world = World::settled(json!({}));
    world.user = None;
    expect(&mut world, &["amend-row"], "UserNotFound", &[]);
    world.user = Some(alice());
    expect(&mut world, &["amend-row"], "Ready", &[1]);
}

#[test]
fn user_who_moved_needs_a_new_token() {
    let mut world = World::settled(json!({}));
    let moved = User { org_id: Some(OrgId::new("beta")), ..alice() };
    world.user = Some(moved);
    expect(&mut world, &["amend-row"], "UserMoved", &[]);
    world.request_rotation("now");
    world.settle();
    assert_eq!((world.ready(), world.accepted()), ("Ready".into(), vec![2]));
}

#[test]
fn spoiled_secret_of_a_user_who_moved_is_no_way_to_a_new_token() {
    let mut world = World::settled(json!({}));
    world.user = Some(User { org_id: Some(OrgId::new("beta")), ..alice() });
    world.settle();
    for text in ["rubbish", Bearer::mint(&[9; 48]).expose()] {
        world.put_token(text).settle();
        assert_eq!((world.ready(), world.accepted()), ("UserMoved".into(), vec![]), "{text}");
    }
}

#[test]
fn rotation_after_a_move_leaves_no_token_in_the_organisation_before() {
    let mut world = World::settled(json!({"rotation": {"interval": "720h", "overlap": "168h"}}));
    world.user = Some(User { org_id: Some(OrgId::new("beta")), ..alice() });
    world.request_rotation("now").settle();
    assert_eq!(world.rows[0].known.row.as_ref().unwrap().state, RowState::Revoked);
    assert!(world.resource.status.as_ref().unwrap().previous_token.is_none());
}

#[test]
fn address_that_means_another_user_now_is_a_move() {
    let mut world = World::settled(json!({}));
    world.user = Some(User { id: UserId::new("u-other"), ..alice() });
    expect(&mut world, &["amend-row"], "UserMoved", &[]);
}

// --- Outage ---

#[test]
fn nothing_is_minted_or_touched_while_the_database_is_away() {
    let mut new = World::new(json!({}));
    new.away = true;
    expect(&mut new, &["add-finalizer"], "DatabaseUnavailable", &[]);
    new.away = false;
    expect(&mut new, &ISSUED[1..], "Ready", &[1]);

    let mut world = World::settled(json!({"rotation": {"interval": "1h"}}));
    world.away = true;
    world
        .after("5h")
        .request_rotation("now")
        .secrets
        .get_mut("laptop")
        .unwrap()
        .data
        .as_mut()
        .unwrap()
        .remove("url");
    expect(&mut world, NOTHING, "DatabaseUnavailable", &[1]);
    world.away = false;
    world.settle();
    assert_eq!(world.ready(), "Ready");
}

#[test]
fn secret_lost_during_an_outage_waits_for_its_end() {
    let mut world = World::settled(json!({}));
    world.away = true;
    world.secrets.clear();
    expect(&mut world, NOTHING, "DatabaseUnavailable", &[1]);
    world.away = false;
    expect(&mut world, REPLACED, "Ready", &[2]);
}

// --- Taking an existing token over ---

fn adopting(user: &str) -> World {
    let mut world = World::new(json!({"adoptFrom": {"secretKeyRef": {"name": "old", "key": "bearer"}}}));
    let old = Bearer::mint(&[42; 48]);
    let data = json!({"bearer": k8s_openapi::ByteString(old.expose().into())});
    world.secrets.insert(
        "old".into(),
        serde_json::from_value(json!({"metadata": {"name": "old"}, "data": data})).unwrap(),
    );
    let row = Row {
        user_id: UserId::new(user),
        org_id: Some(OrgId::new("alpha")),
        name: Some("by hand".into()),
        state: RowState::Active,
        expires_at: None,
        last_used_at: None,
    };
    world.stray = Some(Stray { token_id: TokenId(500), in_clear: true, row });
    world
}

#[test]
fn existing_token_is_taken_over_with_its_row() {
    let mut world = adopting("u-alice");
    expect(&mut world, ISSUED, "Ready", &[1]);
    assert_eq!(world.token().unwrap().digest(), Bearer::mint(&[42; 48]).digest());
    assert_eq!(world.rows[0].known.token_id, TokenId(500));
}

#[test]
fn token_of_another_user_is_not_taken_over() {
    expect(&mut adopting("u-bob"), &["add-finalizer"], "TokenInUse", &[]);
}

#[test]
fn token_is_taken_over_under_the_name_of_an_earlier_one() {
    let mut world = adopting("u-alice");
    let mut earlier = World::settled(json!({}));
    earlier.delete().settle();
    world.rows = earlier.rows;
    world.rows[0].known.owner.uid = "uid-0".into();
    expect(&mut world, ISSUED, "Ready", &[2]);
    assert_eq!(world.token().unwrap().digest(), Bearer::mint(&[42; 48]).digest());
}

#[test]
fn missing_token_to_take_over_is_said() {
    let mut world = adopting("u-alice");
    world.stray = None;
    world.secrets.clear();
    expect(&mut world, &["add-finalizer"], "AdoptionFailed", &[]);
}

// --- Services ---

#[test]
fn missing_gateway_service_is_made_and_removed_with_the_last_token() {
    let mut world = World::new(json!({}));
    world.services.clear();
    expect(&mut world, &["add-finalizer", "write-secret", "register-row", "write-service"], "Ready", &[1]);
    let mut last = world.clone();
    last.delete();
    expect(&mut last, &["revoke-row", "remove-service", "remove-finalizer"], "", &[]);
    world.others = true;
    world.delete();
    expect(&mut world, &["revoke-row", "remove-finalizer"], "", &[]);
}

#[test]
fn service_that_a_helm_release_brings_is_made_again_as_helms_unless_the_release_goes() {
    let mut world = World::settled(json!({}));
    world.config.gateway.release = Some("aurora-mcp".into());
    world.services.clear();
    world.leaving = true;
    expect(&mut world.clone(), &[], "Ready", &[1]);
    world.leaving = false;
    expect(&mut world, &["write-service"], "Ready", &[1]);
    let made = world.services[&("aurora-oss".to_owned(), "aurora-oss-mcp".to_owned())].metadata.clone();
    assert_eq!(made.labels.unwrap()["app.kubernetes.io/managed-by"], "Helm");
    let annotations = made.annotations.unwrap();
    assert_eq!(annotations["meta.helm.sh/release-name"], "aurora-mcp");
    assert_eq!(annotations["meta.helm.sh/release-namespace"], "aurora-oss");
    world.delete();
    expect(&mut world, &["revoke-row", "remove-finalizer"], "", &[]);
    assert_eq!(world.services.len(), 1, "Helm's to remove");
}

#[test]
fn service_that_a_helm_release_took_over_from_the_operator_is_left_to_it() {
    let mut world = World::settled(json!({}));
    world.services.clear();
    expect(&mut world, &["write-service"], "Ready", &[1]);
    // What `helm upgrade --take-ownership` writes, beside the operator's mark.
    let taken = world.services.values_mut().next().unwrap().metadata.annotations.as_mut().unwrap();
    taken.insert("meta.helm.sh/release-name".into(), "aurora-mcp".into());
    world.delete();
    expect(&mut world, &["revoke-row", "remove-finalizer"], "", &[]);
}

#[test]
fn gateway_service_of_the_chart_is_never_removed() {
    let mut world = World::settled(json!({}));
    world.delete();
    expect(&mut world, &["revoke-row", "remove-finalizer"], "", &[]);
    assert_eq!(world.services.len(), 1);
}

#[test]
fn service_named_in_another_namespace_is_an_alias_of_the_gateways() {
    let mut world = elsewhere(vec![Tenant {
        namespace: Some("team".into()),
        organisations: vec!["*".into()],
        ..Tenant::default()
    }]);
    world.edit(json!({"service": {"name": "aurora"}}));
    expect(&mut world, &["add-finalizer", "write-secret", "register-row", "write-service"], "Ready", &[1]);
    let service = &world.services[&("team".to_owned(), "aurora".to_owned())].spec.clone().unwrap();
    assert_eq!(service.external_name.as_deref(), Some("aurora-oss-mcp.aurora-oss.svc.cluster.local"));
    let url = String::from_utf8(world.secret().unwrap().data.as_ref().unwrap()["url"].0.clone()).unwrap();
    assert_eq!(url, "http://aurora.team.svc.cluster.local:8811/mcp");
}

#[test]
fn address_of_a_gateway_with_tls_of_its_own_says_so() {
    let mut world = World::settled(json!({}));
    world.config.gateway.scheme = Scheme::Https;
    expect(&mut world, &["write-secret"], "Ready", &[1]);
    let url = |world: &World| {
        String::from_utf8(world.secret().unwrap().data.as_ref().unwrap()["url"].0.clone()).unwrap()
    };
    assert_eq!(url(&world), "https://aurora-oss-mcp.aurora-oss.svc.cluster.local:8811/mcp");
    world.edit(json!({"service": {"name": "lb", "port": 443}}));
    world.settle();
    assert_eq!(url(&world), "https://lb.aurora-oss.svc.cluster.local:443/mcp");
}

#[test]
fn service_of_pods_cannot_be_made_in_another_namespace() {
    let mut world = elsewhere(vec![Tenant {
        namespace: Some("team".into()),
        organisations: vec!["*".into()],
        ..Tenant::default()
    }]);
    world.edit(json!({"service": {"name": "aurora", "type": "LoadBalancer"}}));
    world.settle();
    assert_eq!(world.ready(), "ServiceConflict");
}

#[test]
fn foreign_service_is_never_overwritten() {
    let mut world = World::new(json!({"service": {"name": "web"}}));
    world.foreign_service("aurora-oss", "web");
    expect(&mut world, ISSUED, "ServiceConflict", &[1]);
}

#[test]
fn named_service_beside_the_gateway_selects_its_pods() {
    let spec =
        json!({"service": {"name": "lb", "type": "LoadBalancer", "port": 80, "annotations": {"a": "b"}}});
    let mut world = World::settled(spec);
    let service = world.services[&("aurora-oss".to_owned(), "lb".to_owned())].clone();
    let spec = service.spec.unwrap();
    let port = &spec.ports.unwrap()[0];
    assert_eq!((spec.type_.as_deref(), port.port), (Some("LoadBalancer"), 80));
    assert_eq!(port.target_port, Some(IntOrString::String("mcp".into())), "what the chart calls it");
    assert_eq!(spec.selector.unwrap()["app"], "gateway");
    assert_eq!(service.metadata.annotations.unwrap()["a"], "b");
    world.edit(json!({"service": {"name": "lb", "type": "LoadBalancer", "port": 81}}));
    expect(&mut world, &["write-secret", "write-service"], "Ready", &[1]);
}

#[test]
fn service_of_an_earlier_name_goes() {
    let mut world = World::settled(json!({"service": {"name": "lb", "type": "LoadBalancer"}}));
    world.edit(json!({"service": {"name": "inside"}}));
    expect(&mut world, &["write-secret", "remove-service", "write-service"], "Ready", &[1]);
    assert!(!world.services.contains_key(&("aurora-oss".to_owned(), "lb".to_owned())));
    world.edit(json!({"service": null}));
    expect(&mut world, &["write-secret", "remove-service"], "Ready", &[1]);
    assert_eq!(world.services.len(), 1, "the gateway's own stays");
}

#[test]
fn shared_service_stays_for_the_others() {
    let mut world = World::settled(json!({"service": {"name": "lb"}}));
    let key = ("aurora-oss".to_owned(), "lb".to_owned());
    let owners = world.services.get_mut(&key).unwrap().metadata.owner_references.as_mut().unwrap();
    let other = OwnerReference { uid: "another".into(), ..owners[0].clone() };
    owners.push(other.clone());
    world.edit(json!({"service": null}));
    expect(&mut world, &["write-secret", "write-service"], "Ready", &[1]);
    assert_eq!(world.services[&key].metadata.owner_references, Some(vec![other]));
}

#[test]
fn service_of_an_earlier_name_that_somebody_else_made_stays() {
    let mut world = World::settled(json!({"service": {"name": "lb"}}));
    world.foreign_service("aurora-oss", "lb");
    world.edit(json!({"service": null}));
    expect(&mut world, &["write-secret"], "Ready", &[1]);
    assert_eq!(world.services.len(), 2);
}

// --- Deleting ---

#[test]
fn deletion_follows_its_policy() {
    for (policy, steps, accepted) in [
        ("Revoke", ["revoke-row", "remove-finalizer"], vec![]),
        ("Delete", ["delete-row", "remove-finalizer"], vec![]),
        ("Retain", ["retain-row", "remove-finalizer"], vec![1]),
    ] {
        let mut world = World::settled(json!({"deletionPolicy": policy}));
        world.delete();
        expect(&mut world, &steps, "", &accepted);
    }
}

#[test]
fn deletion_ends_every_token_of_the_overlap() {
    let mut world = World::settled(json!({}));
    world.request_rotation("now").settle();
    world.delete();
    expect(&mut world, &["revoke-row", "revoke-row", "remove-finalizer"], "", &[]);
}

#[test]
fn suspension_does_not_hold_deletion_back() {
    let mut world = World::settled(json!({"suspended": true}));
    world.delete();
    expect(&mut world, &["revoke-row", "remove-finalizer"], "", &[]);
}

#[test]
fn deletion_waits_for_the_database_and_says_so() {
    let mut world = World::settled(json!({}));
    world.away = true;
    world.delete();
    expect(&mut world, NOTHING, "DatabaseUnavailable", &[1]);
    world.away = false;
    expect(&mut world, &["revoke-row", "remove-finalizer"], "", &[]);
}

#[test]
fn deletion_of_what_never_was_does_not_wait() {
    let mut world = World::new(json!({}));
    world.away = true;
    world.settle();
    world.delete();
    expect(&mut world, &["remove-finalizer"], "", &[]);
}

#[test]
fn deletion_of_a_blocked_token_goes_through() {
    let mut world = World::settled(json!({}));
    world.user = None;
    world.settle();
    world.delete();
    expect(&mut world, &["revoke-row", "remove-finalizer"], "", &[]);
}

#[test]
fn deleting_resource_without_our_finalizer_is_left_alone() {
    let mut world = World::new(json!({}));
    world.delete();
    assert_eq!(world.due(), NOTHING);
}
