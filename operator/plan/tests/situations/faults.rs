//! What crashes, people and outages leave behind.

use super::*;

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
