//! Users who go and come back, and tokens that were theirs before.

use super::*;

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
