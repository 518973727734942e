//! New tokens, and who may have them.

use super::*;

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
    let status = world.plan().status;
    let told = status.condition("ToolsKnown").unwrap();
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
