//! Behind a proxy that says who is signed in: a token works for its own user, and through the proxy.

use aurora_mcp_gateway::Config;
use aurora_mcp_gateway::edge::TrustedProxies;
use serde_json::json;

use crate::world::{ALICES, Answer, BOBS, World, eventually, run_with};

const ALICE: &str = "alice@alpha.example";

/// The gateway takes `X-Forwarded-Email` from these networks; the tests come from 127.0.0.1.
fn behind(networks: &str) -> impl FnOnce(&mut Config) {
    move |config| {
        config.proxies = TrustedProxies::parse(&[networks.to_owned()]).unwrap();
        config.proxy_email = Some("x-forwarded-email".parse().unwrap());
    }
}

async fn asked(world: &World<'_>, token: &str, headers: &[(&str, &str)]) -> Answer {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).to_string();
    let all: Vec<_> = [("x-aurora-mcp-token", token)].iter().chain(headers).copied().collect();
    world.post(&all, body).await
}

/// Status and reason, which is empty where there is none.
async fn judged(world: &World<'_>, token: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let answer = asked(world, token, headers).await;
    (answer.status, answer.json()["reason"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_token_works_for_the_signed_in_user_alone() {
    run_with(behind("127.0.0.1"), async |world| {
        for (token, email, expected) in [
            (ALICES, ALICE, (200, "")),
            (BOBS, "bob@beta.example", (200, "")),
            (ALICES, "bob@beta.example", (403, "another_users_token")),
            (BOBS, ALICE, (403, "another_users_token")),
            (ALICES, "", (403, "nobody_signed_in")),
            ("aurora_mcp_nobody", ALICE, (401, "unknown")),
            ("", ALICE, (401, "missing")),
        ] {
            // Twice: also from the cache.
            for _ in 0..2 {
                let (status, reason) = judged(world, token, &[("x-forwarded-email", email)]).await;
                assert_eq!((status, reason.as_str()), expected, "{token} {email}");
            }
        }
        let refused = asked(world, BOBS, &[("x-forwarded-email", ALICE)]).await;
        assert!(!refused.text.contains("beta"), "whose token it is, is not told: {}", refused.text);
        assert!(world.metrics().await.contains(r#"outcome="another_users_token"} 5"#));
    })
    .await;
}

#[tokio::test]
async fn who_does_not_come_through_the_proxy_gains_nothing_by_its_headers() {
    run_with(behind("192.0.2.0/24"), async |world| {
        for headers in [
            &[][..],
            &[("x-forwarded-email", ALICE)],
            &[("x-forwarded-email", ALICE), ("x-forwarded-for", "192.0.2.1")],
            &[("x-forwarded-email", ALICE), ("forwarded", "for=192.0.2.1"), ("x-real-ip", "192.0.2.1")],
            &[("x-auth-request-email", ALICE), ("x-user-id", "0a11ce00-0000-4000-8000-000000000001")],
        ] {
            for token in [ALICES, "aurora_mcp_nobody"] {
                let judged = judged(world, token, headers).await;
                assert_eq!(judged, (403, "not_through_proxy".to_owned()), "{token} {headers:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_user_whose_address_changes_is_compared_with_the_new_one() {
    run_with(behind("127.0.0.1"), async |world| {
        assert_eq!(judged(world, ALICES, &[("x-forwarded-email", ALICE)]).await.0, 200);
        world
            .database
            .execute("UPDATE users SET email = 'a@alpha.example' WHERE email = 'alice@alpha.example'")
            .await;
        eventually("the new address counts", async || {
            judged(world, ALICES, &[("x-forwarded-email", "a@alpha.example")]).await.0 == 200
        })
        .await;
        assert_eq!(judged(world, ALICES, &[("x-forwarded-email", ALICE)]).await.0, 403);
    })
    .await;
}

#[tokio::test]
async fn without_the_grant_for_addresses_no_token_is_accepted_and_the_answer_says_why() {
    run_with(behind("127.0.0.1"), async |world| {
        world.database.execute("REVOKE ALL ON users FROM CURRENT_USER").await;
        world.database.execute("GRANT SELECT (id, org_id) ON users TO CURRENT_USER").await;
        let refused = asked(world, ALICES, &[("x-forwarded-email", ALICE)]).await;
        assert_eq!((refused.status, refused.json()["reason"].as_str()), (403, Some("owner_unreadable")));
        assert!(refused.text.contains("store/roles.sql"), "{}", refused.text);
        world.database.execute("GRANT ALL ON users TO CURRENT_USER").await;
        assert_eq!(judged(world, ALICES, &[("x-forwarded-email", ALICE)]).await.0, 200, "at once");
    })
    .await;
}
