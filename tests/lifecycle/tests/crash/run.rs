//! One run: a history up to the operator's death, its time in the grave, and what the next one makes of it.

use anyhow::{Context as _, Result, ensure};
use aurora_mcp_crds::DeletionPolicy;
use aurora_mcp_lifecycle::{ControlPlane, Operator, Stage, Token, eventually};
use aurora_mcp_store::Bearer;
use aurora_mcp_test_database::TestDatabase;
use aurora_mcp_test_database::seed::{ALPHA, BETA};
use futures::future::try_join_all;
use kube::api::{DeleteParams, ListParams};
use serde_json::json;

use crate::history::{Act, Birth, Boundary, History, Story};
use crate::verdict::Life;

/// Where a sequence of runs takes place, with the operator that survived the last one.
pub struct Lane {
    stage: Stage,
    operator: Operator,
}

impl Lane {
    pub async fn start(plane: &ControlPlane, database: &TestDatabase, number: usize) -> Result<Self> {
        let program = env!("CARGO_BIN_EXE_operator-under-test");
        let stage = Stage::new(plane, database, &format!("crash-{number}"), program).await?;
        let operator = Operator::start(&stage.operator, "").await?;
        Ok(Self { stage, operator })
    }

    pub async fn end(self) -> Result<()> {
        self.operator.stop().await
    }

    /// Goes through the history of a seed; returns where the operator died.
    pub async fn run(&mut self, seed: u64) -> Result<Boundary> {
        let history = History::of(seed);
        println!("seed {seed}: killed {:?}", history.boundary);
        let done = Box::pin(self.tell(seed, &history)).await;
        done.with_context(|| {
            format!(
                "LIFECYCLE_SEED={seed} repeats this: {history:#?}\nlast words of the operator:\n{}",
                self.operator.last_words(3000)
            )
        })?;
        Ok(history.boundary)
    }

    async fn tell(&mut self, seed: u64, history: &History) -> Result<()> {
        let Self { stage, operator } = self;
        let mut lives = Vec::new();
        for (index, story) in history.stories.iter().enumerate() {
            lives.push(begin(stage, &format!("s{seed}-{index}"), story).await?);
        }
        for life in lives.iter_mut().filter(|life| life.story.birth == Birth::Settled) {
            eventually("an McpToken to be ready", 60, async || life.settled().await).await?;
        }
        let Boundary { moment, step } = history.boundary;
        operator.arm(&format!("{moment} {step}={}*off->return", history.survived)).await?;
        try_join_all(lives.iter_mut().map(async |life| {
            life.be_born().await?;
            perform(life, &life.story.before.clone()).await
        }))
        .await?;
        operator.death(60).await?;
        for life in &lives {
            life.check_in_the_meantime().await?;
        }
        for life in &mut lives {
            perform(life, &life.story.meanwhile.clone()).await?;
        }
        let armed = history.again.map(|Boundary { moment, step }| format!("{moment} {step}=return"));
        *operator = Operator::start(&stage.operator, armed.as_deref().unwrap_or_default()).await?;
        all_right(stage, operator, &lives).await?;
        operator.arm(&armed.map(|armed| armed.replace("=return", "=off")).unwrap_or_default()).await?;
        clean_up(&mut lives).await?;
        all_right(stage, operator, &lives).await?;
        eventually("the gateway's Service to go with the last McpToken", 30, async || {
            ensure!(stage.gateway_service().await?.is_none(), "it is there");
            Ok(())
        })
        .await?;
        stage.secrets().delete_collection(&DeleteParams::default(), &ListParams::default()).await?;
        Ok(())
    }
}

/// Waits until every life is as it should be, with another operator whenever one dies.
async fn all_right(stage: &Stage, operator: &mut Operator, lives: &[Life<'_>]) -> Result<()> {
    for life in lives {
        let wanted = format!("{} to be as it should", life.token.name);
        eventually(&wanted, 30, async || {
            if !operator.lives() {
                *operator = Operator::start(&stage.operator, "").await?;
            }
            life.check().await
        })
        .await?;
    }
    Ok(())
}

async fn begin<'a>(stage: &'a Stage, name: &str, story: &'a Story) -> Result<Life<'a>> {
    stage.aurora.add_user(name, ALPHA).await?;
    let mut life = Life::new(Token { stage, name: name.to_owned() }, story);
    match story.birth {
        Birth::Settled => life.be_born_now().await?,
        Birth::New => {}
        Birth::Adopting => {
            let bearer = Bearer::mint(&std::array::from_fn(|_| rand::random())).expose().to_owned();
            stage.aurora.add_clear(&bearer, name, ALPHA).await?;
            life.token.write_by_hand(&bearer).await?;
            life.adopted = Some(bearer);
        }
    }
    Ok(life)
}

async fn perform(life: &mut Life<'_>, acts: &[Act]) -> Result<()> {
    for act in acts {
        let token = &life.token;
        match act {
            Act::Rotate => {
                let request = format!("request {}", life.requests.len() + 1);
                token.request_rotation(&request).await?;
                life.requests.push(request);
            }
            Act::Suspend(on) => token.patch(&json!({"spec": {"suspended": on}})).await?,
            Act::Limit(on) => {
                let mode = if *on { "ReadOnly" } else { "ReadWrite" };
                token.patch(&json!({"spec": {"access": {"mode": mode}}})).await?;
            }
            Act::Rename(to) => {
                let name = format!("{}-{to}", token.name);
                token.patch(&json!({"spec": {"secret": {"name": name}}})).await?;
            }
            Act::Serve => {
                let name = format!("{}-gateway", token.name);
                token.patch(&json!({"spec": {"service": {"name": name}}})).await?;
            }
            Act::LoseSecret => token.lose_secret().await?,
            Act::RevokeInAurora => {
                if let Some(bearer) = token.bearer().await?
                    && token.stage.aurora.revoke(&bearer).await?
                {
                    life.revoked.push(bearer);
                }
            }
            Act::MoveUser => token.stage.aurora.move_user(&token.name, BETA).await?,
            Act::Delete(policy) => token.delete(*policy).await?,
        }
    }
    Ok(())
}

async fn clean_up(lives: &mut [Life<'_>]) -> Result<()> {
    for life in lives {
        if life.token.object().await?.is_some() {
            life.token.delete(DeletionPolicy::Revoke).await?;
        }
        life.over = true;
    }
    Ok(())
}
