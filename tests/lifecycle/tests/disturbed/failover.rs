//! Two replicas: one leads, the other waits, and whatever becomes of the leader, nothing is done twice.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use aurora_mcp_lifecycle::{Operator, Stage, Token, eventually};
use rustix::process::Signal;

use crate::{all_ready, make, on_stage};

/// McpTokens that are new, and others that are rotated, while the leader goes.
const NEW: usize = 40;
const ROTATED: usize = 20;
/// The leader stops in the middle: after so many Secrets, before their rows.
const WRITTEN: usize = 15;
const STOP: &str = "after write-secret";

async fn leads(operator: &Operator, wanted: bool) -> Result<()> {
    leads_within(40, operator, wanted).await
}

async fn leads_within(seconds: u64, operator: &Operator, wanted: bool) -> Result<()> {
    eventually("a replica to lead, or not to", seconds, async || {
        let leads = operator.metrics().await?.sum("leader")? > 0.0;
        ensure!(leads == wanted, "leads: {leads}");
        Ok(())
    })
    .await
}

/// The leader stands still in the middle of a burst of new McpTokens and of rotations; the other replica has done nothing.
struct Scene<'a> {
    new: Vec<Token<'a>>,
    rotated: Vec<Token<'a>>,
    leader: Operator,
    follower: Operator,
}

impl<'a> Scene<'a> {
    async fn set(stage: &'a Stage) -> Result<Self> {
        let mut leader = Operator::start(&stage.operator.replica("first"), "").await?;
        leads(&leader, true).await?;
        let follower = Operator::start(&stage.operator.replica("second"), "").await?;
        let rotated = make(stage, "rotated", ROTATED).await?;
        all_ready(&rotated).await?;
        leader.arm(&format!("{STOP}={WRITTEN}*off->pause")).await?;
        for token in &rotated {
            token.request_rotation("in the burst").await?;
        }
        let new = make(stage, "new", NEW).await?;
        let all = || rotated.iter().chain(&new);
        eventually("the leader to be in the middle of its work", 60, async || {
            let written: usize = all().map(|token| stage.witness.writes(&token.name)).sum();
            ensure!(written > ROTATED + WRITTEN, "{written} Secrets were written");
            Ok(())
        })
        .await?;
        let metrics = follower.metrics().await?;
        ensure!(
            metrics.sum("leader")? + metrics.passes()? + metrics.writes()? == 0.0,
            "the other one works, too"
        );
        Ok(Self { new, rotated, leader, follower })
    }

    /// One row and one Secret's writing for each serial, one event for each token, and all of them work.
    async fn check(&self) -> Result<()> {
        let stage = self.new[0].stage;
        let events = stage.events().await?;
        for (tokens, serials) in [(&self.new, 1), (&self.rotated, 2)] {
            for token in tokens {
                let object = token.until("Ready", 60).await?;
                let serial = object.status.and_then(|status| status.serial);
                ensure!(serial == Some(serials), "{}: serial {serial:?}", token.name);
                self.check_rows(token, serials).await?;
                let about = |event: &&k8s_openapi::api::events::v1::Event| {
                    let name = event.regarding.as_ref().and_then(|about| about.name.as_ref());
                    name == Some(&token.name) && event.action.as_deref() != Some("Reconcile")
                };
                let told = events.iter().filter(about).count();
                // What was written just before the leader's end, nobody tells any more.
                ensure!(
                    told <= usize::try_from(serials)?,
                    "{}: {told} events about {serials} tokens",
                    token.name
                );
            }
        }
        Ok(())
    }

    async fn check_rows(&self, token: &Token<'_>, serials: i64) -> Result<()> {
        let (stage, name) = (token.stage, &token.name);
        let writes = stage.witness.writes(name);
        ensure!(writes == usize::try_from(serials)?, "{name}: its Secret was written {writes} times");
        let rows = stage.aurora.rows(name).await?;
        let mut found: Vec<_> = rows.iter().map(|row| (row.serial, row.status.as_str())).collect();
        found.sort_unstable();
        let expected: Vec<_> = (1..=serials).map(|serial| (Some(serial), "active")).collect();
        ensure!(found == expected, "{name}: {found:?}");
        for (serial, bearer) in stage.witness.tokens(name) {
            ensure!(stage.aurora.accepts(&bearer).await?, "{name}: token {serial} does not work");
        }
        Ok(())
    }
}

#[tokio::test]
async fn killed_leader_is_followed_within_its_lease_and_nothing_is_done_twice() {
    on_stage(async |_, _, stage| {
        let scene = Scene::set(&stage).await?;
        let killed = Instant::now();
        let Scene { leader, .. } = &scene;
        leader.signal(Signal::KILL)?;
        leads(&scene.follower, true).await?;
        println!("the other replica led {:.1} s after the leader was killed", killed.elapsed().as_secs_f64());
        scene.check().await?;
        scene.follower.stop().await
    })
    .await;
}

/// Of a Lease of 15 s that was just renewed, which its holder does after 10 s.
const LONG_BEFORE_ITS_END: u64 = 3;

#[tokio::test]
async fn leader_that_is_stopped_hands_over_at_once_and_nothing_is_done_twice() {
    on_stage(async |_, _, stage| {
        let mut scene = Scene::set(&stage).await?;
        scene.leader.arm(&format!("{STOP}=off")).await?;
        all_ready(&scene.new).await?;
        let before = stage.renewed().await?;
        eventually("the Lease to be renewed", 20, async || {
            ensure!(stage.renewed().await? != before, "it is not");
            Ok(())
        })
        .await?;
        // It finishes what it began, then goes.
        let late = make(&stage, "late", NEW).await?;
        scene.leader.signal(Signal::TERM)?;
        leads_within(LONG_BEFORE_ITS_END, &scene.follower, true).await?;
        all_ready(&late).await?;
        for token in &late {
            scene.check_rows(token, 1).await?;
        }
        scene.check().await?;
        scene.leader.stop().await.context("the leader's end")?;
        scene.follower.stop().await
    })
    .await;
}

#[tokio::test]
async fn leader_that_was_frozen_wakes_to_find_another_and_does_nothing_twice() {
    on_stage(async |_, _, stage| {
        let mut scene = Scene::set(&stage).await?;
        scene.leader.signal(Signal::STOP)?;
        leads(&scene.follower, true).await?;
        all_ready(&scene.new).await?;
        scene.leader.signal(Signal::CONT)?;
        // The passes that it had begun go on where they stood.
        scene.leader.arm(&format!("{STOP}=off")).await?;
        leads(&scene.leader, false).await?;
        leads(&scene.follower, true).await?;
        scene.check().await.context("after the frozen one woke")?;
        scene.leader.stop().await?;
        scene.follower.stop().await
    })
    .await;
}
