//! One McpToken: lets things happen to the real one and to the model of it.

use anyhow::{Context as _, Result, ensure};
use aurora_mcp_lifecycle::{Token, ready};
use aurora_mcp_store::Bearer;
use aurora_mcp_test_database::seed::{ALPHA, BETA};
use kube::ResourceExt as _;
use serde_json::{Value, json};

use crate::act::{Act, INTERVAL, OVERLAP, TTL};
use crate::compare::{check_rows, request, secret_name, service_name};
use crate::life::Life;

/// An McpToken, and the model of it.
pub struct Subject<'a> {
    pub token: Token<'a>,
    pub life: Life,
    /// The versions of its Secrets when they were looked at last.
    pub secrets: Vec<(String, Option<String>)>,
    /// Somebody changed its Secrets in this round.
    pub handled: bool,
    /// The operator has a reason to look at it that it had not before the database went.
    pub touched: bool,
}

impl Subject<'_> {
    /// An act happens, if it makes sense now.
    pub async fn undergo(&mut self, act: Act) -> Result<()> {
        let made_up = Bearer::mint(&std::array::from_fn(|_| rand::random())).expose().to_owned();
        // Of what will be gone, the row's token must be known before.
        let before = self.life.clone();
        if !self.life.happens(act, &made_up) {
            return Ok(());
        }
        let generation = self.generation().await?;
        self.handled |= matches!(
            act,
            Act::LoseSecret
                | Act::SpoilSecret
                | Act::EditSecret
                | Act::PutBack
                | Act::TearOut
                | Act::Make
                | Act::Adopt
        );
        let held = |life: &Life| {
            life.in_secret().and_then(|token| life.tokens[token].text.clone()).context("no token")
        };
        let (token, aurora) = (&self.token, &self.token.stage.aurora);
        match act {
            Act::RevokeInAurora => aurora.revoke(&held(&before)?).await.map(drop)?,
            Act::DropRow => aurora.drop_row(&held(&before)?).await?,
            Act::WidenRow => aurora.widen(&held(&before)?).await?,
            Act::User(true) => aurora.add_user(&token.name, organisation(&self.life)).await?,
            Act::User(false) => aurora.remove_user(&token.name).await?,
            Act::Move(_) => aurora.move_user(&token.name, organisation(&self.life)).await?,
            Act::LoseSecret => token.lose_secret().await?,
            Act::SpoilSecret => token.put_into_secret("rubbish").await?,
            Act::EditSecret | Act::PutBack => token.put_into_secret(&held(&self.life)?).await?,
            Act::Rotate => token.request_rotation(&request(self.life.spec.requests)).await?,
            Act::Delete(policy) => token.delete(policy).await?,
            Act::TearOut => token.tear_out().await?,
            Act::Make => {
                token.collect_garbage().await?;
                token.create(&json!({})).await?;
            }
            Act::Adopt => {
                token.collect_garbage().await?;
                aurora.add_clear(&made_up, &token.name, organisation(&self.life)).await?;
                token.write_by_hand(&made_up).await?;
                token.adopt().await?;
            }
            _ => token.patch(&json!({"spec": self.spec(act)})).await?,
        }
        self.touched |= self.handled || act == Act::Rotate || self.generation().await? != generation;
        Ok(())
    }

    /// It differs after a change, unless that changed nothing.
    async fn generation(&self) -> Result<Option<i64>> {
        Ok(self.token.object().await?.and_then(|object| object.metadata.generation))
    }

    fn spec(&self, act: Act) -> Value {
        match act {
            Act::Limit(on) => json!({"access": {"mode": if on { "ReadOnly" } else { "ReadWrite" }}}),
            Act::Suspend(on) => json!({"suspended": on}),
            Act::Rename(_) => json!({"secret": {"name": secret_name(&self.token, &self.life)}}),
            Act::Serve(0) => json!({"service": null}),
            Act::Serve(number) => json!({"service": {"name": service_name(&self.token, number)}}),
            Act::Schedule(true) => {
                json!({"rotation": {"interval": format!("{INTERVAL}h"), "overlap": format!("{OVERLAP}h")}})
            }
            Act::Mortal(true) => json!({"ttl": format!("{TTL}h")}),
            Act::Schedule(false) => json!({"rotation": null}),
            _ => json!({"ttl": null}),
        }
    }

    pub async fn versions(&self) -> Result<Vec<(String, Option<String>)>> {
        let secrets = self.token.secrets().await?;
        Ok(secrets.into_iter().map(|secret| (secret.name_any(), secret.resource_version())).collect())
    }

    /// While the operator or the database is away: what worked works, and nothing else does.
    pub async fn check_in_the_meantime(&self, now: i64, looks: bool) -> Result<()> {
        let object = self.token.object().await?;
        ensure!(
            object.is_some() == self.life.exists,
            "there: {}, should be: {}",
            object.is_some(),
            self.life.exists
        );
        if let Some(object) = object.filter(|_| looks && self.touched) {
            let ready = ready(&object).context("no status yet")?;
            ensure!(ready.reason == "DatabaseUnavailable", "{} during an outage", ready.reason);
        }
        check_rows(&self.token, &self.life, now).await
    }

    /// No Secret was touched but by the test itself.
    pub async fn left_alone(&mut self) -> Result<()> {
        if !self.life.exists {
            self.token.collect_garbage().await?;
        }
        let now = self.versions().await?;
        ensure!(
            self.handled || !self.life.exists || now == self.secrets,
            "{:?} became {now:?}",
            self.secrets
        );
        self.secrets = now;
        Ok(())
    }
}

fn organisation(life: &Life) -> &'static str {
    if life.abroad { BETA } else { ALPHA }
}
