//! Who is let in, who is not, and what those are told.

use std::time::Duration;

use aurora_mcp_store::{Bearer, Settings, Store, TokenDigest};
use aurora_mcp_test_database::seed::{ALICE, ALPHA, BETA, NORA};
use serde_json::{Value, json};

use crate::world::{ALICES, BOBS, World, eventually, run};

async fn list(world: &World<'_>, headers: &[(&str, &str)]) -> (u16, Value, String) {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).to_string();
    let answer = world.post(headers, body).await;
    (answer.status, answer.json(), answer.header("www-authenticate").to_owned())
}

async fn refusal(world: &World<'_>, token: &str) -> (u16, String) {
    let (status, body, _) = list(world, &[("authorization", &format!("Bearer {token}"))]).await;
    (status, body["reason"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn without_a_valid_token_nothing_is_answered() {
    run(async |world| {
        let long = format!("Bearer {}", "a".repeat(200));
        for (headers, reason) in [
            (&[][..], "missing"),
            (&[("authorization", "Bearer ")], "missing"),
            (&[("authorization", "Basic YTpi")], "malformed"),
            (&[("authorization", "Bearer ${AURORA_TOKEN}")], "placeholder"),
            (&[("x-api-key", "aurora_mcp_x")], "wrong_header"),
            (&[("authorization", long.as_str())], "malformed"),
            (&[("authorization", "Bearer aurora_mcp_nobody")], "unknown"),
            (&[("x-aurora-mcp-token", "aurora_mcp_nobody")], "unknown"),
        ] {
            let (status, body, challenge) = list(world, headers).await;
            assert_eq!((status, body["reason"].as_str()), (401, Some(reason)), "{headers:?}");
            assert!(challenge.starts_with("Bearer"), "{challenge}");
            let presented = !matches!(reason, "missing" | "wrong_header");
            assert_eq!(challenge.contains("invalid_token"), presented, "{challenge}");
            assert!(body["message"].as_str().is_some_and(|text| text.len() > 20));
        }
    })
    .await;
}

#[tokio::test]
async fn what_a_client_does_wrong_is_told_with_what_would_be_right() {
    run(async |world| {
        for (headers, right) in [
            (&[][..], "Authorization: Bearer aurora_mcp_"),
            (&[("x-api-key", ALICES)], "in a header that is not read"),
            (&[("authorization", ALICES)], "must have the form `Bearer aurora_mcp_"),
            (&[("authorization", "Token x")], "must have the form `Bearer aurora_mcp_"),
            (&[("authorization", "Bearer ${env:AURORA_TOKEN}")], "placeholder"),
            (&[("authorization", "Bearer <token>")], "placeholder"),
            (&[("x-aurora-mcp-token", "${AURORA_TOKEN}")], "placeholder"),
            (&[("authorization", "Bearer not a token")], "begins with aurora_mcp_"),
            (&[("authorization", "Bearer aurora_mcp_nobody")], "copied whole"),
        ] {
            let (status, body, _) = list(world, headers).await;
            let message = body["message"].as_str().unwrap_or_default();
            assert!(status == 401 && message.contains(right), "{headers:?}: {status} {message}");
            assert!(!message.contains(ALICES), "{message}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_token_is_asked_for_before_the_body_is_looked_at() {
    run(async |world| {
        for body in ["", "{", "[]", "not json"] {
            assert_eq!(world.post(&[], body).await.status, 401, "{body:?}");
        }
        let initialize = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}).to_string();
        assert_eq!(world.post(&[], initialize).await.status, 401);
    })
    .await;
}

#[tokio::test]
async fn the_scheme_may_have_any_case_and_a_proxy_may_keep_authorization_for_itself() {
    run(async |world| {
        let upper = format!("BEARER {ALICES}");
        for headers in [
            &[("authorization", upper.as_str())][..],
            &[("x-aurora-mcp-token", ALICES)],
            &[("authorization", "Bearer proxy.jwt.token"), ("x-aurora-mcp-token", ALICES)],
        ] {
            assert_eq!(list(world, headers).await.0, 200, "{headers:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn every_state_of_a_token_has_its_own_answer() {
    run(async |world| {
        let database = world.database;
        for (token, user, org) in [
            ("aurora_mcp_revoked", ALICE, ALPHA),
            ("aurora_mcp_expired", ALICE, ALPHA),
            ("aurora_mcp_foreign", ALICE, BETA),
            ("aurora_mcp_gone", NORA, ALPHA),
        ] {
            database.add_clear(token, user, org).await;
        }
        for sql in [
            "UPDATE mcp_tokens SET status = 'revoked' WHERE token = 'aurora_mcp_revoked'",
            "UPDATE mcp_tokens SET expires_at = now() - interval '1 hour' WHERE token = 'aurora_mcp_expired'",
        ] {
            database.execute_as_resolver(sql).await;
        }
        for (token, reason) in [
            ("aurora_mcp_revoked", "revoked"),
            ("aurora_mcp_expired", "expired"),
            ("aurora_mcp_foreign", "owner_gone"),
            ("aurora_mcp_gone", "owner_gone"),
        ] {
            assert_eq!(refusal(world, token).await, (401, reason.to_owned()), "{token}");
        }
        let (_, body, _) = list(world, &[("authorization", "Bearer aurora_mcp_expired")]).await;
        assert!(body["message"].as_str().unwrap().contains("expired at 20"), "{body}");
    })
    .await;
}

#[tokio::test]
async fn what_stands_in_the_database_is_no_token() {
    run(async |world| {
        let digest = TokenDigest::of("aurora_mcp_secret").to_string();
        world.database.add_clear(&digest, ALICE, ALPHA).await;
        assert_eq!(refusal(world, &digest).await, (401, "malformed".to_owned()));
        let hashed_without_rules = refusal(world, "aurora_mcp_secret").await;
        assert_eq!(hashed_without_rules, (401, "rules_unreadable".to_owned()), "closed, not open");
    })
    .await;
}

#[tokio::test]
async fn a_revoked_token_stops_at_once_where_changes_are_announced() {
    run(async |world| {
        let settings = Settings::from_lookup(|name| world.database.lookup(name)).unwrap();
        Store::connect_lazy(&settings, "test", 1).migrate().await.unwrap();
        eventually("the listener trusts the triggers", async || {
            world.metrics().await.contains("aurora_mcp_change_listener 1")
        })
        .await;
        assert_eq!(world.rpc(ALICES, "tools/list", json!({})).await.status, 200);
        let sql = format!("UPDATE mcp_tokens SET status = 'revoked' WHERE token = '{ALICES}'");
        world.database.execute_as_resolver(&sql).await;
        let revoked = tokio::time::Instant::now();
        eventually("the revoked token is refused", async || refusal(world, ALICES).await.0 == 401).await;
        assert!(revoked.elapsed() < Duration::from_secs(4), "by announcement, not by age");
    })
    .await;
}

#[tokio::test]
async fn a_token_that_expires_in_the_cache_is_refused_on_time() {
    run(async |world| {
        let sql = format!(
            "UPDATE mcp_tokens SET expires_at = now() + interval '2 seconds' WHERE token = '{ALICES}'"
        );
        world.database.execute_as_resolver(&sql).await;
        assert_eq!(world.rpc(ALICES, "tools/list", json!({})).await.status, 200);
        eventually("it expires", async || refusal(world, ALICES).await == (401, "expired".to_owned())).await;
    })
    .await;
}

#[tokio::test]
async fn an_address_with_many_wrong_tokens_waits_but_good_tokens_pass() {
    run(async |world| {
        assert_eq!(world.rpc(ALICES, "tools/list", json!({})).await.status, 200);
        eventually("the address is refused", async || {
            let answer = world.rpc("aurora_mcp_wrong", "tools/list", json!({})).await;
            answer.status == 429 && !answer.header("retry-after").is_empty()
        })
        .await;
        assert_eq!(world.rpc(ALICES, "tools/list", json!({})).await.status, 200);
        assert_eq!(world.rpc(BOBS, "tools/list", json!({})).await.status, 200, "seen for the first time");
    })
    .await;
}

#[tokio::test]
async fn use_is_noted_once_and_at_shutdown_at_the_latest() {
    run(async |world| {
        assert_eq!(world.rpc(ALICES, "tools/list", json!({})).await.status, 200);
        let sql = format!("SELECT last_used_at IS NOT NULL FROM mcp_tokens WHERE token = '{ALICES}'");
        eventually("last_used_at is written", async || {
            world.database.value(&sql).await.as_deref() == Some("true")
        })
        .await;
    })
    .await;
}

#[test]
fn the_test_tokens_are_tokens() {
    assert!(Bearer::parse(ALICES).is_ok());
}

/// Connections of the gateway to its database.
async fn connections(world: &World<'_>) -> i64 {
    let sql = "SELECT count(*)::text FROM pg_stat_activity
               WHERE datname = current_database() AND application_name LIKE 'aurora-mcp-gateway%'";
    world.database.value(sql).await.unwrap().parse().unwrap()
}

#[tokio::test]
async fn one_token_asked_for_many_times_at_once_takes_one_connection() {
    run(async |world| {
        assert_eq!(world.rpc(ALICES, "ping", json!({})).await.status, 200);
        let before = connections(world).await;
        // Nobody can read the table for a while, so that all requests wait for their lookup at the same time.
        let held = "BEGIN; LOCK TABLE mcp_tokens; SELECT pg_sleep(1); COMMIT";
        let requests = (0..20).map(|_| refusal(world, "aurora_mcp_nobody"));
        let (answers, ()) = futures::join!(
            async {
                let waiting =
                    "SELECT count(*)::text FROM pg_locks WHERE granted AND mode = 'AccessExclusiveLock'
                               AND relation = 'mcp_tokens'::regclass";
                eventually("the table is locked", async || {
                    world.database.value(waiting).await.as_deref() == Some("1")
                })
                .await;
                futures::future::join_all(requests).await
            },
            world.database.execute(held)
        );
        assert!(answers.iter().all(|answer| *answer == (401, "unknown".to_owned())), "{answers:?}");
        let more = connections(world).await - before;
        assert!(more <= 2, "{more} more connections for one token: the other may be for the health probe");
    })
    .await;
}
