//! The CRD of today, applied over the first one.

use anyhow::{Result, ensure};
use aurora_mcp_crds::DeletionPolicy;
use aurora_mcp_lifecycle::{ControlPlane, Operator, Stage, Token, eventually};
use aurora_mcp_test_database::TestDatabase;
use aurora_mcp_test_database::seed::ALPHA;
use serde_json::{Value, json};

use crate::PROGRAM;

/// The CRD before any release.
const FIRST: &str = include_str!("first-version.yaml");

/// What people wrote then: every field, and a duration that is refused since.
fn written() -> [(&'static str, Value, &'static str); 3] {
    [
        ("plain", json!({}), "Ready"),
        (
            "full",
            json!({
                "orgId": ALPHA, "displayName": "of old", "ttl": "720h", "rotation": {"interval": "168h", "overlap": "2h"},
                "access": {"mode": "ReadOnly", "tools": ["list_incidents"], "api": [{"methods": ["GET"], "path": "/api/**"}]},
                "secret": {"name": "full-secret", "labels": {"a": "b"}}, "service": {"name": "full-service"},
            }),
            "Ready",
        ),
        ("refused-since", json!({"ttl": "12345678s"}), "Ready"),
    ]
}

#[tokio::test]
async fn crd_of_today_is_applied_over_the_first_one_and_every_mcp_token_lives_on() {
    let plane = ControlPlane::start_with(FIRST).await.unwrap();
    let outcome = TestDatabase::run(async |database| {
        let stage = Stage::new(&plane, database, "upgrade", PROGRAM).await?;
        for (name, spec, _) in written() {
            stage.aurora.add_user(name, ALPHA).await?;
            Token { stage: &stage, name: name.into() }.create(&spec).await?;
        }
        plane.upgrade().await?;
        let operator = Operator::start(&stage.operator, "").await?;
        for (name, _, reason) in written() {
            outlives(&Token { stage: &stage, name: name.into() }, reason).await?;
        }
        operator.stop().await
    });
    Box::pin(outcome).await.unwrap_or_else(|error| panic!("{error:?}\n{}", plane.last_words(300)));
}

/// It is served, can be changed, and can be deleted, whatever the rules say of it now.
async fn outlives(token: &Token<'_>, reason: &str) -> Result<()> {
    token.until(reason, 60).await?;
    let bearer = token.bearer().await?.unwrap_or_default();
    ensure!(token.stage.aurora.accepts(&bearer).await?, "{}: its token does not work", token.name);
    token.request_rotation("after the upgrade").await?;
    eventually("the rotation, with a field that the first CRD did not know", 30, async || {
        let status = token.object().await?.and_then(|object| object.status).unwrap_or_default();
        ensure!(status.previous_token.is_some(), "no token before");
        Ok(())
    })
    .await?;
    token.delete(DeletionPolicy::Revoke).await?;
    eventually("it to go", 30, async || {
        ensure!(token.object().await?.is_none(), "{} is there", token.name);
        Ok(())
    })
    .await
}
