//! Keeping rows, against a real Postgres with Aurora's forced row-level security and a role that owns no exemption.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use aurora_mcp_store::{
    Access, Amendment, Bearer, Category, Mode, NewManaged, OrgId, Owner, Program, Resolution, RowStatus,
    Settings, Store, TriggerState, UserId,
};
use aurora_mcp_test_database::TestDatabase;
use aurora_mcp_test_database::seed::{ALICE, ALPHA, BETA, BOB};

fn store(database: &TestDatabase) -> Store {
    let settings = Settings::from_lookup(|name| database.lookup(name)).unwrap();
    Store::connect_lazy(&settings, "test", 3)
}

async fn migrated(database: &TestDatabase) -> Store {
    let store = store(database);
    store.migrate().await.unwrap();
    store
}

fn owner(name: &str) -> Owner {
    Owner {
        installation: "test".into(),
        uid: format!("uid-{name}"),
        namespace: "team".into(),
        name: name.into(),
    }
}

fn token(byte: u8) -> Bearer {
    Bearer::mint(&[byte; 48])
}

fn new(name: &str, token: &Bearer) -> NewManaged {
    NewManaged {
        owner: owner(name),
        serial: 1,
        digest: token.digest(),
        adopt: None,
        user_id: UserId::new(ALICE),
        org_id: OrgId::new(ALPHA),
        display_name: "team/laptop".into(),
        expires_at: None,
        access: Access::default(),
        suspended: false,
    }
}

fn as_made() -> Amendment {
    Amendment {
        display_name: "team/laptop".into(),
        expires_at: None,
        access: Access::default(),
        suspended: false,
    }
}

#[tokio::test]
async fn migrations_can_be_repeated_and_announce() {
    TestDatabase::run(async |database| {
        let store = store(database);
        let first = store.migrate().await.unwrap();
        assert_eq!((first.applied, first.triggers), (vec![1, 2], TriggerState::Present));
        let second = store.migrate().await.unwrap();
        assert_eq!((second.applied, second.triggers), (vec![], TriggerState::Present));
        assert_eq!(store.missing_grants(Program::Operator).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn replicas_that_migrate_at_once_do_not_disturb_each_other() {
    TestDatabase::run(async |database| {
        let stores = [store(database), store(database), store(database)];
        let all = futures::future::join_all(stores.iter().map(Store::migrate)).await;
        let applied: usize = all.into_iter().map(|one| one.unwrap().applied.len()).sum();
        assert_eq!(applied, 2);
    })
    .await;
}

#[tokio::test]
async fn registered_token_resolves_and_repeating_changes_nothing() {
    TestDatabase::run(async |database| {
        let store = migrated(database).await;
        let token = token(1);
        let id = store.register(&new("a", &token)).await.unwrap();
        assert_eq!(store.register(&new("a", &token)).await.unwrap(), id);
        let Resolution::Valid(principal) = store.resolve(&token).await.unwrap() else { panic!("not valid") };
        assert_eq!((principal.user_id.as_str(), principal.org_id.as_str()), (ALICE, ALPHA));
        assert_eq!(principal.token_id, id);
        let stored = database.value("SELECT token FROM mcp_tokens").await.unwrap();
        assert_eq!(stored, token.digest().to_string(), "the token in clear never reaches the database");
    })
    .await;
}

#[tokio::test]
async fn token_is_registered_only_for_a_single_mcp_token_and_user() {
    TestDatabase::run(async |database| {
        let store = migrated(database).await;
        let token = token(1);
        store.register(&new("a", &token)).await.unwrap();
        let other_resource = new("b", &token);
        let other_user =
            NewManaged { user_id: UserId::new(BOB), org_id: OrgId::new(BETA), ..new("a", &token) };
        for taken in [other_resource, other_user] {
            let error = store.register(&taken).await.unwrap_err();
            assert_eq!(error.category(), Category::Conflict, "{error}");
        }
        assert_eq!(database.value("SELECT count(*) FROM mcp_tokens").await.unwrap(), "1");
    })
    .await;
}

#[tokio::test]
async fn mcp_token_made_anew_under_its_name_takes_its_row_over() {
    TestDatabase::run(async |database| {
        let store = migrated(database).await;
        let token = token(1);
        let id = store.register(&new("a", &token)).await.unwrap();
        let mut restored = new("a", &token);
        restored.owner.uid = "uid-after-restore".into();
        assert_eq!(store.register(&restored).await.unwrap(), id);
        let ledger = store.ledger(&restored.owner, Some(&token)).await.unwrap();
        assert_eq!(ledger.managed.len(), 1);
        assert_eq!(ledger.managed[0].owner.uid, "uid-after-restore");
    })
    .await;
}

#[tokio::test]
async fn rebuilt_token_table_gets_its_row_back_under_another_number() {
    TestDatabase::run(async |database| {
        let store = migrated(database).await;
        let token = token(1);
        store.register(&new("a", &token)).await.unwrap();
        database.execute("TRUNCATE mcp_tokens RESTART IDENTITY").await;
        let ledger = store.ledger(&owner("a"), Some(&token)).await.unwrap();
        assert_eq!(ledger.managed[0].row, None);
        database.add_clear("other", BOB, BETA).await;
        store.register(&new("a", &token)).await.unwrap();
        assert!(matches!(store.resolve(&token).await.unwrap(), Resolution::Valid(_)));
        assert_eq!(database.value("SELECT count(*) FROM aurora_mcp.managed_token").await.unwrap(), "1");
    })
    .await;
}

#[tokio::test]
async fn revoked_row_is_never_revived() {
    TestDatabase::run(async |database| {
        let store = migrated(database).await;
        let token = token(1);
        store.register(&new("a", &token)).await.unwrap();
        database.execute_as_resolver("UPDATE mcp_tokens SET status = 'revoked'").await;
        store.register(&new("a", &token)).await.unwrap();
        let ledger = store.ledger(&owner("a"), Some(&token)).await.unwrap();
        store.amend(&ledger.managed[0], &Amendment { suspended: true, ..as_made() }).await.unwrap();
        let ledger = store.ledger(&owner("a"), Some(&token)).await.unwrap();
        store.amend(&ledger.managed[0], &as_made()).await.unwrap();
        assert_eq!(store.resolve(&token).await.unwrap(), Resolution::Revoked);
    })
    .await;
}

#[tokio::test]
async fn suspension_stops_a_token_and_is_taken_back() {
    TestDatabase::run(async |database| {
        let store = migrated(database).await;
        let token = token(1);
        store.register(&new("a", &token)).await.unwrap();
        let ledger = store.ledger(&owner("a"), Some(&token)).await.unwrap();
        store.amend(&ledger.managed[0], &Amendment { suspended: true, ..as_made() }).await.unwrap();
        assert_eq!(store.resolve(&token).await.unwrap(), Resolution::Suspended);
        let ledger = store.ledger(&owner("a"), Some(&token)).await.unwrap();
        assert_eq!(ledger.managed[0].row.as_ref().unwrap().status, RowStatus::Expired);
        store.amend(&ledger.managed[0], &as_made()).await.unwrap();
        assert!(matches!(store.resolve(&token).await.unwrap(), Resolution::Valid(_)));
    })
    .await;
}

#[tokio::test]
async fn amended_end_counts_by_the_databases_clock() {
    TestDatabase::run(async |database| {
        let store = migrated(database).await;
        let token = token(1);
        store.register(&new("a", &token)).await.unwrap();
        let ledger = store.ledger(&owner("a"), Some(&token)).await.unwrap();
        let soon = ledger.now + jiff::SignedDuration::from_hours(1);
        store.amend(&ledger.managed[0], &Amendment { expires_at: Some(soon), ..as_made() }).await.unwrap();
        let ledger = store.ledger(&owner("a"), Some(&token)).await.unwrap();
        assert_eq!(ledger.managed[0].row.as_ref().unwrap().expires_at, Some(soon));
        let past = ledger.now - jiff::SignedDuration::from_secs(1);
        store.amend(&ledger.managed[0], &Amendment { expires_at: Some(past), ..as_made() }).await.unwrap();
        assert_eq!(store.resolve(&token).await.unwrap(), Resolution::Expired { at: Some(past) });
    })
    .await;
}

#[tokio::test]
async fn deleted_row_is_gone_and_other_organisations_keep_theirs() {
    TestDatabase::run(async |database| {
        let store = migrated(database).await;
        let (mine, other) = (token(1), token(2));
        store.register(&new("a", &mine)).await.unwrap();
        let bobs = NewManaged { user_id: UserId::new(BOB), org_id: OrgId::new(BETA), ..new("b", &other) };
        store.register(&bobs).await.unwrap();
        let ledger = store.ledger(&owner("a"), Some(&mine)).await.unwrap();
        store.delete(&ledger.managed[0]).await.unwrap();
        store.delete(&ledger.managed[0]).await.unwrap();
        assert_eq!(store.resolve(&mine).await.unwrap(), Resolution::Unknown);
        assert!(matches!(store.resolve(&other).await.unwrap(), Resolution::Valid(_)));
    })
    .await;
}

#[tokio::test]
async fn retained_row_stays_in_force_and_belongs_to_nobody() {
    TestDatabase::run(async |database| {
        let store = migrated(database).await;
        let token = token(1);
        store.register(&new("a", &token)).await.unwrap();
        assert_eq!(store.owners("test").await.unwrap(), [owner("a")]);
        let ledger = store.ledger(&owner("a"), None).await.unwrap();
        store.retain(&ledger.managed[0]).await.unwrap();
        assert_eq!(store.owners("test").await.unwrap(), []);
        assert_eq!(store.ledger(&owner("a"), None).await.unwrap().managed, []);
        assert!(matches!(store.resolve(&token).await.unwrap(), Resolution::Valid(_)));
    })
    .await;
}

#[tokio::test]
async fn row_that_was_stopped_can_be_resumed_by_its_next_keeper() {
    TestDatabase::run(async |database| {
        let store = migrated(database).await;
        let token = token(1);
        store.register(&NewManaged { suspended: true, ..new("a", &token) }).await.unwrap();
        let next = Owner { uid: "another".into(), ..owner("a") };
        store.register(&NewManaged { owner: next.clone(), ..new("a", &token) }).await.unwrap();
        let ledger = store.ledger(&next, Some(&token)).await.unwrap();
        assert!(ledger.managed[0].suspended, "it is known that it was stopped by us");
        store.amend(&ledger.managed[0], &as_made()).await.unwrap();
        assert!(matches!(store.resolve(&token).await.unwrap(), Resolution::Valid(_)));
    })
    .await;
}

#[tokio::test]
async fn row_in_clear_is_taken_over_and_its_token_goes_on_working() {
    TestDatabase::run(async |database| {
        let store = migrated(database).await;
        let token = token(1);
        database.add_clear(token.expose(), ALICE, ALPHA).await;
        let ledger = store.ledger(&owner("a"), Some(&token)).await.unwrap();
        let stray = ledger.stray.unwrap();
        assert!(stray.in_clear);
        let limited = Access { mode: Mode::ReadOnly, ..Access::default() };
        let adopt = NewManaged { adopt: Some(stray.row.id), access: limited.clone(), ..new("a", &token) };
        assert_eq!(store.register(&adopt).await.unwrap(), stray.row.id);
        let Resolution::Valid(principal) = store.resolve(&token).await.unwrap() else { panic!("not valid") };
        assert_eq!(principal.access, limited);
        let ledger = store.ledger(&owner("a"), Some(&token)).await.unwrap();
        assert_eq!(ledger.stray, None);
    })
    .await;
}

#[tokio::test]
async fn owner_of_a_digest_is_found() {
    TestDatabase::run(async |database| {
        let store = migrated(database).await;
        let token = token(1);
        assert_eq!(store.owner_of(&token.digest()).await.unwrap(), None);
        store.register(&new("a", &token)).await.unwrap();
        assert_eq!(store.owner_of(&token.digest()).await.unwrap(), Some(owner("a")));
    })
    .await;
}
