//! The schema goes forward while programs of the version before are at work.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use std::time::Duration;

use aurora_mcp_store::{
    Access, Bearer, Change, NewManaged, OrgId, Owner, Resolution, Settings, Store, TriggerState, UserId,
};
use aurora_mcp_test_database::TestDatabase;
use aurora_mcp_test_database::seed::{ALICE, ALPHA};
use futures::StreamExt as _;
use futures::future::{join, join_all};

/// As the first version left it.
const FIRST: &str = include_str!("../migrations/0001_managed_token.sql");

fn store(database: &TestDatabase) -> Store {
    Store::connect_lazy(&Settings::from_lookup(|name| database.lookup(name)).unwrap(), "test", 3)
}

fn token(serial: i64) -> Bearer {
    Bearer::mint(&[u8::try_from(serial).unwrap(); 48])
}

/// What an operator and a gateway do with one token: no statement may fail.
async fn work(store: &Store, serial: i64) {
    let owner =
        Owner { installation: "old".into(), uid: "uid".into(), namespace: "n".into(), name: "t".into() };
    let token = token(serial);
    let new = NewManaged {
        owner: owner.clone(),
        serial,
        digest: token.digest(),
        adopt: None,
        user_id: UserId::new(ALICE),
        org_id: OrgId::new(ALPHA),
        display_name: "n/t".into(),
        expires_at: None,
        access: Access::default(),
        suspended: false,
    };
    store.register(&new).await.unwrap();
    assert!(matches!(store.resolve(&token).await.unwrap(), Resolution::Valid(_)));
    let managed = store.ledger(&owner, Some(&token)).await.unwrap().managed;
    store.revoke(managed.iter().find(|managed| managed.serial == serial).unwrap()).await.unwrap();
    assert_eq!(store.resolve(&token).await.unwrap(), Resolution::Revoked);
}

#[tokio::test]
async fn schema_goes_forward_once_while_old_replicas_work() {
    TestDatabase::run(async |database| {
        database.execute("CREATE SCHEMA aurora_mcp").await;
        database.execute("CREATE TABLE aurora_mcp.migration (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())").await;
        database.execute(FIRST).await;
        database.execute("INSERT INTO aurora_mcp.migration (version) VALUES (1)").await;
        let old = store(database);
        work(&old, 1).await;
        let at_work = async {
            for serial in 2..60 {
                work(&old, serial).await;
            }
        };
        let replicas: Vec<_> = (0..3).map(|_| store(database)).collect();
        let (done, ()) = join(join_all(replicas.iter().map(Store::migrate)), at_work).await;
        let mut applied = Vec::new();
        for migration in done {
            let migration = migration.unwrap();
            assert_eq!(migration.triggers, TriggerState::Present);
            applied.extend(migration.applied);
        }
        assert_eq!(applied, [2], "each migration is applied by one replica");
        assert_eq!(old.resolve(&token(1)).await.unwrap(), Resolution::Revoked, "what was there is there");
        let mut changes = Box::pin(replicas[0].changes());
        assert_eq!(changes.next().await, Some(Change::Connected));
        work(&old, 60).await;
        let heard = tokio::time::timeout(Duration::from_secs(10), changes.next()).await.unwrap();
        assert_eq!(heard, Some(Change::Token(token(60).digest())), "what the old replica does is announced");
    })
    .await;
}
