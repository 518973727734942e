//! A database role that lacks rights: what still works does, and what is missing is named.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use aurora_mcp_lifecycle::{Operator, Stage, Token, eventually};
use aurora_mcp_test_database::{Login, TestDatabase};

use crate::{at_work, make, on_stage};

/// Within so long a change in Aurora is seen where nobody announces it.
const POLLED_WITHIN: Duration = Duration::from_secs(5);

/// The operator has the login with the least rights, and has not been here before.
async fn least_rights(stage: &mut Stage, database: &TestDatabase) -> Result<()> {
    stage.aurora.lose().await?;
    database.grant_roles().await;
    for name in ["POSTGRES_USER", "POSTGRES_PASSWORD"] {
        stage.set(name, &database.lookup_as(Login::Operator, name).context("no such login")?);
    }
    Ok(())
}

fn condition(object: &aurora_mcp_crds::McpToken, type_: &str) -> Option<(String, String)> {
    let found = object.status.as_ref()?.condition(type_)?;
    Some((found.status.clone(), found.reason.clone()))
}

async fn instant_revocation(token: &Token<'_>, expected: Option<(&str, &str)>) -> Result<()> {
    eventually("condition InstantRevocation to be so", 30, async || {
        let object = token.object().await?.context("it is gone")?;
        let found = condition(&object, "InstantRevocation");
        let found = found.as_ref().map(|(status, reason)| (status.as_str(), reason.as_str()));
        ensure!(found == expected, "it is {found:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn revocations_are_polled_for_where_the_triggers_cannot_be_made_and_everybody_is_told() {
    on_stage(async |_, database, mut stage| {
        least_rights(&mut stage, database).await?;
        database.execute("REVOKE TRIGGER ON mcp_tokens, users FROM aurora_mcp_operator").await;
        let (operator, tokens) = at_work(&stage, "polled", 3).await?;
        instant_revocation(&tokens[0], Some(("False", "Polling"))).await?;
        let log = stage.operator.last_words(usize::MAX);
        ensure!(log.contains("the triggers can't be made"), "the log says nothing");
        ensure!(operator.metrics().await?.sum("change_notifications")? == 0.0, "the metric says otherwise");
        let mut waits = Vec::new();
        for token in &tokens {
            let bearer = token.bearer().await?.context("no token")?;
            let revoked = Instant::now();
            stage.aurora.revoke(&bearer).await?;
            token.until("RevokedInAurora", 30).await?;
            waits.push(revoked.elapsed());
        }
        println!("revocations were seen by polling after {waits:.1?}");
        // One may meet a machine that is busy with something else.
        waits.sort();
        ensure!(waits[1] <= POLLED_WITHIN, "polling is too slow: {waits:?}");
        operator.stop().await?;
        database.execute("GRANT TRIGGER ON mcp_tokens, users TO aurora_mcp_operator").await;
        let operator = Operator::start(&stage.operator, "").await?;
        instant_revocation(&tokens[0], None).await?;
        operator.stop().await
    })
    .await;
}

#[tokio::test]
async fn operator_names_each_grant_that_it_lacks_when_it_starts() {
    on_stage(async |_, database, mut stage| {
        least_rights(&mut stage, database).await?;
        let taken = ["DELETE ON mcp_tokens", "SELECT (email) ON users"];
        for right in taken {
            database.execute(&format!("REVOKE {right} FROM aurora_mcp_operator")).await;
        }
        let operator = Operator::start(&stage.operator, "").await?;
        eventually("the missing grants to be counted", 30, async || {
            let missing = operator.metrics().await?.sum("missing_grants")?;
            ensure!((missing - 2.0).abs() < 0.5, "{missing} are missing");
            Ok(())
        })
        .await?;
        let log = stage.operator.last_words(usize::MAX);
        for grant in ["GRANT DELETE ON public.mcp_tokens", "GRANT SELECT (id, email, org_id) ON public.users"]
        {
            ensure!(log.contains(&format!("{grant} TO aurora_mcp_operator")), "{grant} is not named");
        }
        let tokens = make(&stage, "refused", 1).await?;
        let object = tokens[0].until("DatabaseForbidden", 30).await?;
        let message =
            aurora_mcp_lifecycle::ready(&object).map(|ready| ready.message.clone()).unwrap_or_default();
        ensure!(message.contains("permission denied"), "{message}");
        operator.stop().await
    })
    .await;
}
