//! What changes while a token lives.

use super::*;

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
