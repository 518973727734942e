//! The logins of `roles.sql` suffice for every statement of their program, and for nothing else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use std::time::Duration;

use aurora_mcp_store::{
    Access, Amendment, Bearer, Category, Change, MissingGrant, Mode, NewManaged, OrgId, Owner, Program,
    Resolution, Settings, Store, TriggerState, UserId, UserKey,
};
use aurora_mcp_test_database::seed::{ALICE, ALPHA};
use aurora_mcp_test_database::{Login, TestDatabase};
use futures::StreamExt as _;

fn store(database: &TestDatabase, login: Login) -> Store {
    let settings = Settings::from_lookup(|name| database.lookup_as(login, name)).unwrap();
    Store::connect_lazy(&settings, "test", 3)
}

/// Both programs' stores, after the operator's start.
async fn started(database: &TestDatabase) -> (Store, Store) {
    database.grant_roles().await;
    let operator = store(database, Login::Operator);
    let migration = operator.migrate().await.unwrap();
    assert_eq!((migration.applied, migration.triggers), (vec![1, 2], TriggerState::Present));
    (operator, store(database, Login::Gateway))
}

fn owner() -> Owner {
    Owner { installation: "test".into(), uid: "uid".into(), namespace: "team".into(), name: "laptop".into() }
}

fn token(byte: u8) -> Bearer {
    Bearer::mint(&[byte; 48])
}

fn new(token: &Bearer, serial: i64) -> NewManaged {
    NewManaged {
        owner: owner(),
        serial,
        digest: token.digest(),
        adopt: None,
        user_id: UserId::new(ALICE),
        org_id: OrgId::new(ALPHA),
        display_name: "team/laptop".into(),
        expires_at: None,
        access: Access { mode: Mode::ReadOnly, ..Access::default() },
        suspended: false,
    }
}

fn grants(missing: Vec<MissingGrant>) -> Vec<String> {
    missing.into_iter().map(|missing| missing.grant).collect()
}

#[tokio::test]
async fn operator_can_do_all_that_it_does() {
    TestDatabase::run(async |database| {
        let (operator, _) = started(database).await;
        assert_eq!(operator.missing_grants(Program::Operator).await.unwrap(), []);
        assert!(operator.probe().await.unwrap().announced);
        for key in [UserKey::Id(ALICE), UserKey::Email("alice@alpha.example")] {
            assert!(operator.ledger_and_user(&owner(), None, key).await.unwrap().1.is_some());
        }
        let (first, second, clear) = (token(1), token(2), token(3));
        operator.register(&new(&first, 1)).await.unwrap();
        operator.register(&new(&second, 2)).await.unwrap();
        database.add_clear(clear.expose(), ALICE, ALPHA).await;
        let stray = operator.ledger(&owner(), Some(&clear)).await.unwrap().stray.unwrap();
        operator.register(&NewManaged { adopt: Some(stray.row.id), ..new(&clear, 3) }).await.unwrap();
        let managed = operator.ledger(&owner(), Some(&first)).await.unwrap().managed;
        let amendment = Amendment {
            display_name: "renamed".into(),
            expires_at: None,
            access: Access::default(),
            suspended: true,
        };
        operator.amend(&managed[0], &amendment).await.unwrap();
        operator.revoke(&managed[0]).await.unwrap();
        operator.delete(&managed[1]).await.unwrap();
        operator.retain(&managed[2]).await.unwrap();
        assert_eq!(operator.owner_of(&first.digest()).await.unwrap(), Some(owner()));
        assert_eq!(operator.owners("test").await.unwrap(), []);
        assert_eq!(database.value("SELECT count(*) FROM mcp_tokens").await.as_deref(), Some("2"));
        let again = operator.migrate().await.unwrap();
        assert_eq!((again.applied, again.triggers), (vec![], TriggerState::Present));
    })
    .await;
}

#[tokio::test]
async fn gateway_can_resolve_note_uses_and_hear_of_changes() {
    TestDatabase::run(async |database| {
        let (operator, gateway) = started(database).await;
        assert_eq!(gateway.missing_grants(Program::Gateway).await.unwrap(), []);
        assert!(gateway.probe().await.unwrap().announced);
        let token = token(1);
        operator.register(&new(&token, 1)).await.unwrap();
        let Resolution::Valid(principal) = gateway.resolve(&token).await.unwrap() else {
            panic!("not valid")
        };
        assert_eq!(principal.access.mode, Mode::ReadOnly);
        let profile = gateway.profile(&principal.user_id).await.unwrap().unwrap();
        assert!(profile.email.contains('@') && profile.role.is_some(), "{profile:?}");
        gateway.touch_last_used(&[(principal.token_id, jiff::Timestamp::UNIX_EPOCH)]).await.unwrap();
        assert_eq!(database.value("SELECT count(last_used_at) FROM mcp_tokens").await.as_deref(), Some("1"));
        let mut changes = Box::pin(gateway.changes());
        assert_eq!(changes.next().await, Some(Change::Connected));
        operator.revoke(&operator.ledger(&owner(), None).await.unwrap().managed[0]).await.unwrap();
        let heard = tokio::time::timeout(Duration::from_secs(10), changes.next()).await.unwrap();
        assert_eq!(heard, Some(Change::Token(token.digest())));
        assert_eq!(gateway.resolve(&token).await.unwrap(), Resolution::Revoked);
    })
    .await;
}

#[tokio::test]
async fn gateway_can_change_no_token() {
    TestDatabase::run(async |database| {
        let (operator, gateway) = started(database).await;
        let token = token(1);
        operator.register(&new(&token, 1)).await.unwrap();
        let managed = operator.ledger(&owner(), None).await.unwrap().managed;
        let amendment = Amendment {
            display_name: "theirs".into(),
            expires_at: None,
            access: Access::default(),
            suspended: false,
        };
        let refused = [
            gateway.revoke(&managed[0]).await,
            gateway.delete(&managed[0]).await,
            gateway.retain(&managed[0]).await,
            gateway.amend(&managed[0], &amendment).await,
            gateway.register(&new(&self::token(9), 2)).await.map(drop),
            gateway.migrate().await.map(drop),
        ];
        for (index, outcome) in refused.into_iter().enumerate() {
            let error = outcome.expect_err(&format!("statement {index} is let through"));
            assert_eq!(error.category(), Category::Forbidden, "{index}: {error}");
        }
        assert!(matches!(gateway.resolve(&token).await.unwrap(), Resolution::Valid(_)));
    })
    .await;
}

#[tokio::test]
async fn neither_login_owns_a_table_of_aurora_or_is_exempt_from_its_policies() {
    TestDatabase::run(async |database| {
        started(database).await;
        let exempt = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'aurora_mcp_%'
                      AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb)";
        assert_eq!(database.value(exempt).await.as_deref(), Some("0"));
        let owned =
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner LIKE 'aurora_mcp_%'";
        assert_eq!(database.value(owned).await.as_deref(), Some("0"));
    })
    .await;
}

#[tokio::test]
async fn release_that_is_rolled_back_to_auroras_login_goes_on_with_the_tokens() {
    TestDatabase::run(async |database| {
        let (operator, _) = started(database).await;
        let (before, after) = (token(1), token(2));
        operator.register(&new(&before, 1)).await.unwrap();
        let settings = Settings::from_lookup(|name| database.lookup(name)).unwrap();
        let auroras = Store::connect_lazy(&settings, "test", 3);
        let again = auroras.migrate().await.unwrap();
        assert_eq!((again.applied, again.triggers), (vec![], TriggerState::Present));
        auroras.register(&new(&after, 2)).await.unwrap();
        for token in [before, after] {
            assert!(matches!(auroras.resolve(&token).await.unwrap(), Resolution::Valid(_)));
        }
        assert_eq!(operator.ledger(&owner(), None).await.unwrap().managed.len(), 2, "and forward again");
    })
    .await;
}

#[tokio::test]
async fn each_missing_grant_is_named_as_the_statement_that_gives_it() {
    TestDatabase::run(async |database| {
        let (operator, gateway) = started(database).await;
        for (taken, program, expected) in [
            (
                "REVOKE DELETE ON mcp_tokens FROM aurora_mcp_operator",
                Program::Operator,
                vec!["GRANT DELETE ON public.mcp_tokens TO aurora_mcp_operator"],
            ),
            (
                "REVOKE SELECT (email) ON users FROM aurora_mcp_operator",
                Program::Operator,
                vec!["GRANT SELECT (id, email, org_id) ON public.users TO aurora_mcp_operator"],
            ),
            (
                "REVOKE USAGE ON SEQUENCE mcp_tokens_id_seq FROM aurora_mcp_operator",
                Program::Operator,
                vec!["GRANT USAGE ON SEQUENCE public.mcp_tokens_id_seq TO aurora_mcp_operator"],
            ),
            (
                "REVOKE UPDATE (last_used_at) ON mcp_tokens FROM aurora_mcp_gateway",
                Program::Gateway,
                vec!["GRANT UPDATE (last_used_at) ON public.mcp_tokens TO aurora_mcp_gateway"],
            ),
            (
                "REVOKE USAGE ON SCHEMA aurora_mcp FROM aurora_mcp_gateway",
                Program::Gateway,
                vec!["GRANT USAGE ON SCHEMA aurora_mcp TO aurora_mcp_gateway"],
            ),
            (
                "REVOKE SELECT (email) ON users FROM aurora_mcp_gateway",
                Program::GatewayBehindProxy,
                vec!["GRANT SELECT (email) ON public.users TO aurora_mcp_gateway"],
            ),
        ] {
            database.execute(taken).await;
            let asked = match program {
                Program::Operator => &operator,
                Program::Gateway | Program::GatewayBehindProxy => &gateway,
            };
            assert_eq!(grants(asked.missing_grants(program).await.unwrap()), expected, "{taken}");
            for grant in expected {
                database.execute(grant).await;
            }
            assert_eq!(asked.missing_grants(program).await.unwrap(), [], "{taken}, given back");
        }
    })
    .await;
}

#[tokio::test]
async fn limited_token_is_refused_when_the_gateway_may_not_read_its_limits() {
    TestDatabase::run(async |database| {
        let (operator, gateway) = started(database).await;
        let token = token(1);
        operator.register(&new(&token, 1)).await.unwrap();
        database.execute("REVOKE USAGE ON SCHEMA aurora_mcp FROM aurora_mcp_gateway").await;
        assert_eq!(gateway.resolve(&token).await.unwrap(), Resolution::LimitsUnreadable);
    })
    .await;
}

#[tokio::test]
async fn without_its_grant_a_token_has_no_address_and_is_otherwise_as_it_was() {
    TestDatabase::run(async |database| {
        let (operator, gateway) = started(database).await;
        let (hashed, clear) = (token(1), token(2));
        operator.register(&new(&hashed, 1)).await.unwrap();
        database.add_clear(clear.expose(), ALICE, ALPHA).await;
        for token in [&hashed, &clear] {
            let Resolution::Valid(with) = gateway.resolve_with_email(token).await.unwrap() else {
                panic!("not valid")
            };
            assert_eq!(with.email.as_deref(), Some("alice@alpha.example"));
        }
        database.execute("REVOKE SELECT (email) ON users FROM aurora_mcp_gateway").await;
        for token in [&hashed, &clear] {
            let without = gateway.resolve_with_email(token).await.unwrap();
            assert!(
                matches!(&without, Resolution::Valid(principal) if principal.email.is_none()),
                "{without:?}"
            );
            assert_eq!(gateway.resolve(token).await.unwrap(), without, "nothing else depends on it");
        }
    })
    .await;
}

#[tokio::test]
async fn a_new_address_is_announced_also_by_the_trigger_of_an_earlier_version() {
    TestDatabase::run(async |database| {
        let (operator, gateway) = started(database).await;
        let earlier = "CREATE OR REPLACE TRIGGER aurora_mcp_announce AFTER INSERT OR UPDATE OF id, org_id OR DELETE ON users
                       FOR EACH ROW EXECUTE FUNCTION aurora_mcp.announce_user()";
        database.execute(earlier).await;
        assert_eq!(operator.migrate().await.unwrap().triggers, TriggerState::Present);
        let mut changes = Box::pin(gateway.changes());
        assert_eq!(changes.next().await, Some(Change::Connected));
        database.execute("UPDATE users SET email = 'a@alpha.example' WHERE email = 'alice@alpha.example'").await;
        let heard = tokio::time::timeout(Duration::from_secs(10), changes.next()).await.unwrap();
        assert_eq!(heard, Some(Change::User(UserId::new(ALICE))));
    })
    .await;
}

#[tokio::test]
async fn operator_without_the_right_to_make_triggers_says_so_and_keeps_rows_all_the_same() {
    TestDatabase::run(async |database| {
        database.grant_roles().await;
        database.execute("REVOKE TRIGGER ON mcp_tokens, users FROM aurora_mcp_operator").await;
        let operator = store(database, Login::Operator);
        let migration = operator.migrate().await.unwrap();
        let TriggerState::Missing { reason } = migration.triggers else { panic!("the triggers were made") };
        assert!(reason.contains("permission denied for table"), "{reason}");
        assert!(!operator.probe().await.unwrap().announced);
        assert_eq!(operator.missing_grants(Program::Operator).await.unwrap(), []);
        operator.register(&new(&token(1), 1)).await.unwrap();
        database.execute("GRANT TRIGGER ON mcp_tokens, users TO aurora_mcp_operator").await;
        assert_eq!(operator.migrate().await.unwrap().triggers, TriggerState::Present);
    })
    .await;
}
