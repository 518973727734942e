//! Resolving bearer tokens against a real Postgres.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use std::time::Duration;

use aurora_mcp_store::{
    Access, Bearer, Category, Change, Mode, NewManaged, OrgId, Owner, Resolution, Settings, Store, User,
    UserId, UserKey,
};
use aurora_mcp_test_database::TestDatabase;
use aurora_mcp_test_database::seed::{ALICE, ALPHA, BETA, BOB, NORA};
use futures::StreamExt as _;

fn store(database: &TestDatabase) -> Store {
    let settings = Settings::from_lookup(|name| database.lookup(name)).unwrap();
    Store::connect_lazy(&settings, "test", 3)
}

async fn user(store: &Store, key: UserKey<'_>) -> Option<User> {
    let owner = limited(&Bearer::mint(&[1; 48])).owner;
    store.ledger_and_user(&owner, None, key).await.unwrap().1
}

fn limited(token: &Bearer) -> NewManaged {
    let owner = Owner {
        installation: "test".into(),
        uid: "uid".into(),
        namespace: "team".into(),
        name: "laptop".into(),
    };
    NewManaged {
        owner,
        serial: 1,
        digest: token.digest(),
        adopt: None,
        user_id: UserId::new(ALICE),
        org_id: OrgId::new(ALPHA),
        display_name: "laptop".into(),
        expires_at: None,
        access: Access { mode: Mode::ReadOnly, tools: Some(vec!["get_incident".into()]), api: None },
        suspended: false,
    }
}

#[tokio::test]
async fn tokens_in_clear_work_without_our_schema() {
    TestDatabase::run(async |database| {
        let store = store(database);
        database.add_clear("aurora_mcp_by_hand", ALICE, ALPHA).await;
        let bearer = Bearer::parse("aurora_mcp_by_hand").unwrap();
        let Resolution::Valid(principal) = store.resolve(&bearer).await.unwrap() else { panic!("not valid") };
        assert_eq!(principal.access, Access::default());
        assert_eq!((principal.user_id.as_str(), principal.org_id.as_str()), (ALICE, ALPHA));
    })
    .await;
}

#[tokio::test]
async fn tokens_that_must_not_work_are_told_apart() {
    TestDatabase::run(async |database| {
        let store = store(database);
        for (text, user, org) in [
            ("revoked", ALICE, ALPHA),
            ("expired", ALICE, ALPHA),
            ("marked", ALICE, ALPHA),
            ("moved", ALICE, BETA),
            ("homeless", NORA, ALPHA),
            ("stranger", "nobody", ALPHA),
        ] {
            database.add_clear(text, user, org).await;
        }
        database
            .execute_as_resolver("UPDATE mcp_tokens SET status = 'revoked' WHERE token = 'revoked'")
            .await;
        database.execute_as_resolver("UPDATE mcp_tokens SET status = 'expired' WHERE token = 'marked'").await;
        database
            .execute_as_resolver(
                "UPDATE mcp_tokens SET expires_at = now() - interval '1 s' WHERE token = 'expired'",
            )
            .await;
        for (text, expected) in [
            ("revoked", Resolution::Revoked),
            ("marked", Resolution::Expired { at: None }),
            ("moved", Resolution::OwnerGone),
            ("homeless", Resolution::OwnerGone),
            ("stranger", Resolution::OwnerGone),
            ("unheard-of", Resolution::Unknown),
        ] {
            assert_eq!(store.resolve(&Bearer::parse(text).unwrap()).await.unwrap(), expected, "{text}");
        }
        let expired = store.resolve(&Bearer::parse("expired").unwrap()).await.unwrap();
        assert!(matches!(expired, Resolution::Expired { at: Some(_) }));
    })
    .await;
}

#[tokio::test]
async fn limited_token_is_refused_whenever_its_limits_cannot_be_read() {
    TestDatabase::run(async |database| {
        let store = store(database);
        store.migrate().await.unwrap();
        let token = Bearer::mint(&[1; 48]);
        store.register(&limited(&token)).await.unwrap();
        assert!(matches!(store.resolve(&token).await.unwrap(), Resolution::Valid(_)));
        for fault in [
            r#"UPDATE aurora_mcp.managed_token SET access = '{"mode": "ReadOnly", "unheardOf": 1}'"#,
            "UPDATE aurora_mcp.managed_token SET token_id = token_id + 1",
            "DELETE FROM aurora_mcp.managed_token",
            "ALTER TABLE aurora_mcp.managed_token RENAME COLUMN access TO limits",
            "REVOKE ALL ON aurora_mcp.managed_token FROM CURRENT_USER",
            "DROP SCHEMA aurora_mcp CASCADE",
        ] {
            database.execute(fault).await;
            assert_eq!(store.resolve(&token).await.unwrap(), Resolution::LimitsUnreadable, "after {fault}");
        }
    })
    .await;
}

#[tokio::test]
async fn second_row_in_clear_does_not_unlimit_a_limited_token() {
    TestDatabase::run(async |database| {
        let store = store(database);
        store.migrate().await.unwrap();
        let token = Bearer::mint(&[1; 48]);
        let new = limited(&token);
        store.register(&new).await.unwrap();
        database.add_clear(token.expose(), BOB, BETA).await;
        let Resolution::Valid(principal) = store.resolve(&token).await.unwrap() else { panic!("not valid") };
        assert_eq!((principal.user_id.as_str(), &principal.access), (ALICE, &new.access));
    })
    .await;
}

#[tokio::test]
async fn expiry_agrees_with_auroras_sessions_in_any_time_zone() {
    TestDatabase::run(async |database| {
        database.set_time_zone("America/New_York").await;
        let store = store(database);
        store.migrate().await.unwrap();
        assert_eq!(store.probe().await.unwrap().time_zone, "America/New_York");
        let token = Bearer::mint(&[1; 48]);
        let soon = store.ledger(&limited(&token).owner, None).await.unwrap().now
            + jiff::SignedDuration::from_mins(5);
        store.register(&NewManaged { expires_at: Some(soon), ..limited(&token) }).await.unwrap();
        let seen = database.value(
            "SELECT bool_and(expires_at > now() AND expires_at < now() + interval '6 min') FROM mcp_tokens",
        );
        assert_eq!(seen.await.as_deref(), Some("true"), "a plain session sees the same instant");
        let Resolution::Valid(principal) = store.resolve(&token).await.unwrap() else { panic!("not valid") };
        assert_eq!(principal.expires_at, Some(soon));
    })
    .await;
}

#[tokio::test]
async fn infinite_expiry_never_ends() {
    TestDatabase::run(async |database| {
        let store = store(database);
        database.add_clear("forever", ALICE, ALPHA).await;
        database.execute_as_resolver("UPDATE mcp_tokens SET expires_at = 'infinity'").await;
        let resolution = store.resolve(&Bearer::parse("forever").unwrap()).await.unwrap();
        assert!(matches!(resolution, Resolution::Valid(principal) if principal.expires_at.is_none()));
    })
    .await;
}

#[tokio::test]
async fn last_use_is_noted_and_never_goes_back() {
    TestDatabase::run(async |database| {
        let store = store(database);
        database.add_clear("used", ALICE, ALPHA).await;
        let Resolution::Valid(principal) = store.resolve(&Bearer::parse("used").unwrap()).await.unwrap()
        else {
            panic!("not valid")
        };
        let at = jiff::Timestamp::from_second(1_800_000_000).unwrap();
        let earlier = at - jiff::SignedDuration::from_secs(60);
        store.touch_last_used(&[(principal.token_id, earlier), (principal.token_id, at)]).await.unwrap();
        store.touch_last_used(&[(principal.token_id, earlier)]).await.unwrap();
        store.touch_last_used(&[]).await.unwrap();
        let noted = database
            .value("SELECT extract(epoch FROM last_used_at::timestamptz)::bigint FROM mcp_tokens")
            .await;
        assert_eq!(noted.as_deref(), Some("1800000000"));
    })
    .await;
}

#[tokio::test]
async fn users_are_found_by_id_and_address() {
    TestDatabase::run(async |database| {
        let store = store(database);
        store.migrate().await.unwrap();
        let by_id = user(&store, UserKey::Id(ALICE)).await.unwrap();
        assert_eq!(by_id.org_id, Some(OrgId::new(ALPHA)));
        assert_eq!(user(&store, UserKey::Email("ALICE@alpha.example")).await, Some(by_id));
        assert_eq!(user(&store, UserKey::Email("nobody@alpha.example")).await, None);
        assert_eq!(user(&store, UserKey::Id(NORA)).await.unwrap().org_id, None);
    })
    .await;
}

#[tokio::test]
async fn two_addresses_that_differ_only_in_case_are_told_apart_or_refused() {
    TestDatabase::run(async |database| {
        let store = store(database);
        store.migrate().await.unwrap();
        let sql = format!("INSERT INTO users (id, email, password_hash, org_id) VALUES ('x', 'ALICE@alpha.example', '!', '{BETA}')");
        database.execute(&sql).await;
        assert_eq!(user(&store, UserKey::Email("ALICE@alpha.example")).await.unwrap().id, UserId::new("x"));
        assert_eq!(user(&store, UserKey::Email("alice@alpha.example")).await.unwrap().id, UserId::new(ALICE));
        assert_eq!(user(&store, UserKey::Email("Alice@Alpha.Example")).await, None);
    })
    .await;
}

#[tokio::test]
async fn changes_are_announced_without_secrets() {
    TestDatabase::run(async |database| {
        let store = store(database);
        store.migrate().await.unwrap();
        let mut changes = Box::pin(store.changes());
        let mut next =
            async || tokio::time::timeout(Duration::from_secs(10), changes.next()).await.unwrap().unwrap();
        assert_eq!(next().await, Change::Connected);

        let token = Bearer::mint(&[1; 48]);
        store.register(&limited(&token)).await.unwrap();
        assert_eq!(next().await, Change::Token(token.digest()), "limits are written");
        database.execute_as_resolver("UPDATE mcp_tokens SET status = 'revoked'").await;
        assert_eq!(next().await, Change::Token(token.digest()), "a hashed row is revoked");

        database.add_clear("clear", ALICE, ALPHA).await;
        database
            .execute_as_resolver("UPDATE mcp_tokens SET last_used_at = now() WHERE token = 'clear'")
            .await;
        database.execute_as_resolver("UPDATE mcp_tokens SET status = 'revoked' WHERE token = 'clear'").await;
        let clear = Bearer::parse("clear").unwrap();
        assert_eq!(
            next().await,
            Change::Token(clear.digest()),
            "a row in clear is revoked; its use is no change"
        );

        database.execute(&format!("UPDATE users SET org_id = '{BETA}' WHERE id = '{ALICE}'")).await;
        assert_eq!(next().await, Change::User(UserId::new(ALICE)));
        database.execute("TRUNCATE mcp_tokens").await;
        assert_eq!(next().await, Change::Everything);
    })
    .await;
}

#[tokio::test]
async fn lost_connection_is_said_and_mended() {
    TestDatabase::run(async |database| {
        let store = store(database);
        let mut changes = Box::pin(store.changes());
        let mut next =
            async || tokio::time::timeout(Duration::from_secs(20), changes.next()).await.unwrap().unwrap();
        assert_eq!(next().await, Change::Connected);
        let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()";
        database.value(kill).await;
        assert_eq!(next().await, Change::Lost);
        assert_eq!(next().await, Change::Connected);
    })
    .await;
}

#[tokio::test]
async fn postgres_away_is_an_outage_and_does_not_block_the_start() {
    let away = |name: &str| match name {
        "POSTGRES_HOST" => Some("127.0.0.1".to_owned()),
        "POSTGRES_PORT" => Some("1".to_owned()),
        "POSTGRES_DB" | "POSTGRES_USER" => Some("aurora".to_owned()),
        _ => None,
    };
    let store = Store::connect_lazy(&Settings::from_lookup(away).unwrap(), "test", 1);
    let error = store.resolve(&Bearer::parse("x").unwrap()).await.unwrap_err();
    assert_eq!(error.category(), Category::Unavailable, "{error}");
}
