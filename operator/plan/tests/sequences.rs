//! Random lives of an McpToken, with crashes between any two steps: whatever happens, the invariants hold.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

mod world;

use aurora_mcp_plan::RowState;
use aurora_mcp_token::Bearer;
use proptest::prelude::*;
use serde_json::json;
use world::{World, alice};

#[derive(Debug, Clone)]
enum Act {
    Settle,
    /// The operator dies after so many steps.
    Crash(usize),
    Pass(u32),
    Rotate(u8),
    Suspend(bool),
    Limit(bool),
    Schedule(bool),
    DeleteSecret,
    EditSecret(u8),
    RevokeInAurora,
    DropRows,
    EmptyTable,
    UserGone(bool),
    Away(bool),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Settle),
        3 => (0usize..4).prop_map(Act::Crash),
        2 => (1u32..200).prop_map(Act::Pass),
        2 => any::<u8>().prop_map(Act::Rotate),
        1 => any::<bool>().prop_map(Act::Suspend),
        1 => any::<bool>().prop_map(Act::Limit),
        1 => any::<bool>().prop_map(Act::Schedule),
        1 => Just(Act::DeleteSecret),
        1 => (100u8..).prop_map(Act::EditSecret),
        1 => Just(Act::RevokeInAurora),
        1 => Just(Act::DropRows),
        1 => Just(Act::EmptyTable),
        1 => any::<bool>().prop_map(Act::UserGone),
        1 => any::<bool>().prop_map(Act::Away),
    ]
}

fn perform(world: &mut World, act: &Act) {
    match act {
        Act::Settle => drop(world.settle()),
        Act::Crash(steps) => _ = world.crash_after(*steps),
        Act::Pass(minutes) => _ = world.after(&format!("{minutes}m")),
        Act::Rotate(request) => _ = world.request_rotation(&request.to_string()),
        Act::Suspend(on) => _ = world.edit(json!({"suspended": on})),
        Act::Limit(on) => {
            _ = world.edit(json!({"access": {"mode": if *on { "ReadOnly" } else { "ReadWrite" }}}));
        }
        Act::Schedule(on) => {
            let rotation = if *on { json!({"interval": "2h", "overlap": "30m"}) } else { json!(null) };
            world.edit(json!({ "rotation": rotation }));
        }
        Act::DeleteSecret => world.secrets.clear(),
        Act::EditSecret(byte) if world.secret().is_some() => {
            _ = world.put_token(Bearer::mint(&[*byte; 48]).expose());
        }
        Act::RevokeInAurora if !world.away && world.token().is_some() => revoke(world),
        Act::EditSecret(_) | Act::RevokeInAurora => {}
        Act::DropRows => world.rows.clear(),
        Act::EmptyTable => world.rows.iter_mut().for_each(|kept| kept.known.row = None),
        Act::UserGone(gone) => world.user = (!gone).then(alice),
        Act::Away(away) => world.away = *away,
    }
}

fn revoke(world: &mut World) {
    let digest = world.token().unwrap().digest();
    for kept in world.rows.iter_mut().filter(|kept| kept.known.digest == digest) {
        if let Some(row) = &mut kept.known.row {
            row.state = RowState::Revoked;
        }
    }
}

fn check(world: &World) -> Result<(), TestCaseError> {
    let spec = &world.resource.spec;
    let accepted = world.accepted();
    prop_assert!(accepted.len() <= 2, "at most the current and the previous token work: {accepted:?}");
    if spec.suspended || world.user.is_none() {
        prop_assert!(accepted.is_empty(), "{accepted:?} work although they must not");
    }
    let mut serials: Vec<_> = world.rows.iter().map(|kept| kept.known.serial).collect();
    serials.sort_unstable();
    serials.dedup();
    prop_assert_eq!(serials.len(), world.rows.len(), "each serial has one row");
    if world.ready() == "Ready" {
        let digest = world.token().unwrap().digest();
        let current = world.rows.iter().find(|kept| kept.known.digest == digest).unwrap();
        prop_assert!(accepted.contains(&current.known.serial), "the Secret's token works when it is said to");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_life_settles_into_a_state_that_is_right(acts in prop::collection::vec(act(), 1..25)) {
        let mut world = World::new(json!({}));
        for act in &acts {
            perform(&mut world, act);
        }
        world.away = false;
        world.settle();
        check(&world)?;
        prop_assert_eq!(world.settle(), Vec::<&str>::new(), "steady state has no steps");
    }

    #[test]
    fn any_life_can_end_and_leaves_no_token_working(acts in prop::collection::vec(act(), 1..20), crash in 0usize..4) {
        let mut world = World::new(json!({}));
        world.settle();
        for act in &acts {
            perform(&mut world, act);
        }
        world.away = false;
        world.delete().crash_after(crash);
        if !world.gone {
            world.settle();
        }
        prop_assert!(world.gone);
        prop_assert_eq!(world.accepted(), Vec::<i64>::new());
    }

    #[test]
    fn revoked_token_never_works_again(acts in prop::collection::vec(act(), 1..20)) {
        let mut world = World::settled(json!({}));
        world.revoke_in_aurora().settle();
        let revoked = world.token().unwrap().digest();
        for act in &acts {
            perform(&mut world, act);
        }
        world.away = false;
        world.settle();
        let works = world.rows.iter().any(|kept| {
            kept.known.digest == revoked && world.accepted().contains(&kept.known.serial)
        });
        prop_assert!(!works, "a token that was revoked in Aurora works again");
    }
}
