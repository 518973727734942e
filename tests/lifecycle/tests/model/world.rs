//! Lets things happen, to what is real and to the model, and compares both.

use anyhow::{Context as _, Result, ensure};
use aurora_mcp_crds::DeletionPolicy;
use aurora_mcp_lifecycle::{Gate, Operator, Relay, Stage, Token, eventually};
use aurora_mcp_test_database::TestDatabase;
use aurora_mcp_test_database::seed::ALPHA;
use futures::future::try_join_all;
use k8s_openapi::api::events::v1::Event as KubeEvent;
use serde_json::json;

use crate::act::{Act, Event, LIVES, Round};
use crate::compare::{check, check_events};
use crate::life::Life;
use crate::subject::Subject;

/// One sequence's world.
pub struct World<'a> {
    pub stage: &'a Stage,
    pub database: &'a TestDatabase,
    pub relay: &'a Relay,
    pub operator: &'a mut Option<Operator>,
    pub subjects: Vec<Subject<'a>>,
    pub gate: Gate,
    /// Hours since the sequence began.
    pub now: i64,
    pub backed_up: bool,
}

impl<'a> World<'a> {
    /// Makes the McpTokens of a sequence and waits until they are ready.
    pub async fn begin(
        stage: &'a Stage,
        database: &'a TestDatabase,
        relay: &'a Relay,
        operator: &'a mut Option<Operator>,
        seed: u64,
    ) -> Result<Self> {
        let mut subjects = Vec::new();
        for index in 0..LIVES {
            let token = Token { stage, name: format!("m{seed}-{index}") };
            stage.aurora.add_user(&token.name, ALPHA).await?;
            token.create(&json!({})).await?;
            let (secrets, life) = (Vec::new(), Life::new());
            subjects.push(Subject { token, life, secrets, handled: false, touched: false });
        }
        let mut world =
            Self { stage, database, relay, operator, subjects, gate: Gate::Open, now: 0, backed_up: false };
        world.compare().await.context("at the beginning")?;
        Ok(world)
    }

    /// Lets a round happen and compares.
    pub async fn go(&mut self, round: &Round) -> Result<()> {
        match round {
            Round::All(event) => self.happen(*event).await?,
            Round::Each(acts) => {
                let torn = self.operator.is_some() && self.gate != Gate::Open;
                let chosen = self.subjects.iter_mut().zip(acts);
                let done = try_join_all(chosen.map(async |(subject, act)| match act {
                    // The operator may hold it back again before it is gone.
                    Some(act) if !(torn && *act == Act::TearOut) => subject.undergo(*act).await,
                    _ => Ok(()),
                }));
                done.await?;
                // What a backup holds of an earlier McpToken of the same name is another matter.
                self.backed_up &= !acts.iter().any(|act| matches!(act, Some(Act::Make | Act::Adopt)));
            }
        }
        self.compare().await
    }

    /// Everything comes back, and the McpTokens go.
    pub async fn end(&mut self) -> Result<()> {
        for event in [Event::DatabaseBack, Event::OperatorBack] {
            self.happen(event).await?;
        }
        self.compare().await?;
        let (events, mut ended) = (self.stage.events().await?, Vec::new());
        for subject in &mut self.subjects {
            let name = subject.token.name.clone();
            check_events(&of(&name, &events), &subject.life).with_context(|| name.clone())?;
            if subject.life.exists && subject.life.made {
                ended.push(name);
            }
            subject.undergo(Act::Delete(DeletionPolicy::Revoke)).await?;
        }
        self.compare().await?;
        // The very last thing that the operator does for one that had a token.
        eventually("the ends to be told", 10, async || {
            let events = self.stage.events().await?;
            for name in &ended {
                let told =
                    of(name, &events).iter().any(|event| event.reason.as_deref() == Some("TokenRevoked"));
                ensure!(told, "{name}'s was not");
            }
            Ok(())
        })
        .await
    }

    async fn happen(&mut self, event: Event) -> Result<()> {
        let aurora = &self.stage.aurora;
        match event {
            Event::Forward(hours) => {
                self.now += hours;
                self.database.forward(&format!("{hours} hours")).await;
                // No timer knows that time made a jump.
                aurora.announce_everything().await?;
            }
            Event::BackUp => {
                // Where the operator's schema is lost there is nothing to keep.
                self.backed_up = aurora.back_up().await.is_ok();
                self.each(Life::back_up);
            }
            Event::Restore if self.backed_up => {
                aurora.restore().await?;
                self.each(Life::restore);
            }
            Event::Restore => {}
            Event::Lose => {
                aurora.lose().await?;
                self.each(Life::lose);
            }
            Event::DatabaseAway(gate) => self.shut(gate),
            Event::DatabaseBack => self.shut(Gate::Open),
            Event::OperatorAway { killed } => match self.operator.take() {
                Some(operator) if killed => operator.kill().await?,
                Some(operator) => operator.stop().await?,
                None => {}
            },
            Event::OperatorBack if self.operator.is_some() => {}
            Event::OperatorBack => *self.operator = Some(Operator::start(&self.stage.operator, "").await?),
        }
        Ok(())
    }

    fn shut(&mut self, gate: Gate) {
        self.gate = gate;
        self.relay.set(gate);
        self.subjects.iter_mut().for_each(|subject| subject.touched = false);
    }

    fn each(&mut self, change: impl Fn(&mut Life)) {
        self.subjects.iter_mut().for_each(|subject| change(&mut subject.life));
    }

    async fn compare(&mut self) -> Result<()> {
        let (now, works) = (self.now, self.gate == Gate::Open && self.operator.is_some());
        for subject in &mut self.subjects {
            let life = &mut subject.life;
            match (works, self.operator.is_some()) {
                (true, _) => life.is_seen(now),
                (false, true) => life.is_seen_without_database(),
                (false, false) => {}
            }
        }
        if works {
            eventually("everything to be as the model says", 60, async || self.settled().await).await?;
        }
        let looks = self.operator.is_some() && !works;
        for subject in &mut self.subjects {
            let about = format!("{} to be left alone", subject.token.name);
            if works {
                subject.secrets = subject.versions().await?;
            } else {
                eventually(&about, 60, async || subject.check_in_the_meantime(now, looks).await).await?;
                subject.left_alone().await.with_context(|| subject.token.name.clone())?;
            }
            subject.handled = false;
        }
        Ok(())
    }

    /// All is as the model says, and another look at everything writes nothing.
    async fn settled(&mut self) -> Result<()> {
        self.check_all().await?;
        self.look_at_everything().await?;
        let before = self.writes().await?;
        self.look_at_everything().await?;
        let after = self.writes().await?;
        ensure!((after - before).abs() < 0.5, "{before} writes became {after} although nothing changed");
        self.check_all().await
    }

    async fn check_all(&mut self) -> Result<()> {
        let now = self.now;
        for subject in &mut self.subjects {
            let (token, life) = (&subject.token, &mut subject.life);
            check(token, life, now).await.with_context(|| token.name.clone())?;
        }
        Ok(())
    }

    async fn writes(&self) -> Result<f64> {
        self.operator.as_ref().context("no operator")?.metrics().await?.writes()
    }

    async fn look_at_everything(&self) -> Result<()> {
        let operator = self.operator.as_ref().context("no operator")?;
        let there = self.subjects.iter().filter(|subject| subject.life.exists).count();
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let wanted = operator.metrics().await?.passes()? + there as f64;
        self.stage.aurora.announce_everything().await?;
        eventually("the operator to look at everything", 30, async || {
            let metrics = operator.metrics().await?;
            ensure!(metrics.passes()? >= wanted && metrics.is_idle()?, "it has not");
            Ok(())
        })
        .await
    }
}

fn of(name: &str, events: &[KubeEvent]) -> Vec<KubeEvent> {
    let about =
        |event: &&KubeEvent| event.regarding.as_ref().and_then(|about| about.name.as_deref()) == Some(name);
    events.iter().filter(about).cloned().collect()
}
