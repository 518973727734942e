//! What must be true of an McpToken in the end, from what happened to it alone.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use aurora_mcp_crds::{DeletionPolicy, McpToken};
use aurora_mcp_lifecycle::{Row, Token, ready};
use aurora_mcp_plan::token_of;
use aurora_mcp_store::{Bearer, Mode, Resolution};
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use serde_json::json;

use crate::history::{Act, Birth, Story};

/// On Secrets: the serial that may live on.
const PREVIOUS: &str = "mcp.aurora-oss.dev/previous-serial";

/// An McpToken, and what is known about it.
pub struct Life<'a> {
    pub token: Token<'a>,
    pub story: &'a Story,
    /// The token that it had before anything happened.
    pub first: Option<String>,
    /// The token that somebody made by hand for it.
    pub adopted: Option<String>,
    /// Rotations that were asked for.
    pub requests: Vec<String>,
    /// Tokens that were revoked in Aurora.
    pub revoked: Vec<String>,
    /// It was deleted at the end of the run.
    pub over: bool,
}

impl<'a> Life<'a> {
    pub fn new(token: Token<'a>, story: &'a Story) -> Self {
        let (first, adopted, over) = (None, None, false);
        Self { token, story, first, adopted, over, requests: Vec::new(), revoked: Vec::new() }
    }

    pub async fn be_born(&self) -> Result<()> {
        if self.story.birth == Birth::Settled { Ok(()) } else { self.be_born_now().await }
    }

    pub async fn be_born_now(&self) -> Result<()> {
        match self.story.birth {
            Birth::Settled => self.token.create(&json!({})).await,
            Birth::New => self.token.create(&json!({"access": {"mode": "ReadOnly"}})).await,
            Birth::Adopting => self.token.adopt().await,
        }
    }

    /// Waits for it to be ready before anything happens to it.
    pub async fn settled(&mut self) -> Result<()> {
        let object = self.token.object().await?.context("it is not there")?;
        let ready = ready(&object).context("no status yet")?;
        ensure!(ready.status == "True", "{}", ready.message);
        self.first = self.token.bearer().await?;
        Ok(())
    }

    fn policy(&self) -> Option<DeletionPolicy> {
        let deletion = self.story.acts().find_map(|act| match act {
            Act::Delete(policy) => Some(policy),
            _ => None,
        });
        deletion.or(self.over.then_some(DeletionPolicy::Revoke))
    }

    fn count(&self, wanted: impl Fn(Act) -> bool) -> usize {
        self.story.acts().filter(|act| wanted(*act)).count()
    }

    fn suspended(&self) -> bool {
        let last = self.story.acts().filter_map(|act| match act {
            Act::Suspend(on) => Some(on),
            _ => None,
        });
        last.last().unwrap_or(false)
    }

    fn limited(&self) -> bool {
        let last = self.story.acts().filter_map(|act| match act {
            Act::Limit(on) => Some(on),
            _ => None,
        });
        last.last().unwrap_or(self.story.birth == Birth::New)
    }

    /// It was never without a limit, so that none of its tokens may ever have been.
    fn always_limited(&self) -> bool {
        self.story.birth == Birth::New && self.count(|act| act == Act::Limit(false)) == 0
    }

    fn moved(&self) -> bool {
        self.count(|act| act == Act::MoveUser) > 0
    }

    /// While no operator runs: what nobody touched works on, and what was revoked does not.
    pub async fn check_in_the_meantime(&self) -> Result<()> {
        let works = self.works(self.always_limited()).await?;
        if let Some(first) = &self.first
            && self.story.acts().next().is_none()
        {
            ensure!(works.contains(first), "{}: a token that nobody touched does not work", self.token.name);
        }
        if let Some(adopted) = &self.adopted
            && self.story.before.is_empty()
        {
            ensure!(works.contains(adopted), "{}: the token made by hand stopped", self.token.name);
        }
        let back: Vec<_> = works.iter().filter(|bearer| self.revoked.contains(bearer)).collect();
        ensure!(back.is_empty(), "{}: revoked tokens work: {back:?}", self.token.name);
        Ok(())
    }

    /// Every token that it ever had and that a gateway would let in now; each must be limited if `limited`.
    async fn works(&self, limited: bool) -> Result<BTreeSet<String>> {
        let mut works = BTreeSet::new();
        let seen = self.token.stage.witness.tokens(&self.token.name).into_iter().map(|(_, bearer)| bearer);
        for bearer in seen.chain(self.adopted.clone()) {
            if let Resolution::Valid(principal) = self.token.stage.aurora.resolve(&bearer).await? {
                let is_limited = principal.access.mode == Mode::ReadOnly;
                ensure!(!limited || is_limited, "{}: a limited token may do everything", self.token.name);
                works.insert(bearer);
            }
        }
        Ok(works)
    }

    /// All that must hold once the operator has done its work.
    pub async fn check(&self) -> Result<()> {
        let object = self.token.object().await?;
        let rows = self.token.stage.aurora.rows(&self.token.name).await?;
        one_row_a_serial(&rows)?;
        match (self.policy(), object) {
            (Some(policy), None) => self.check_end(policy, &rows).await,
            (Some(_), Some(_)) => anyhow::bail!("it is still there"),
            (None, Some(object)) => self.check_life(&object, &rows).await,
            (None, None) => anyhow::bail!("it is gone"),
        }
    }

    async fn check_end(&self, policy: DeletionPolicy, rows: &[Row]) -> Result<()> {
        let works = self.works(self.always_limited()).await?;
        if policy == DeletionPolicy::Retain {
            let expected: BTreeSet<String> = self.first.iter().cloned().collect();
            ensure!(works == expected, "{works:?} work, {expected:?} were to be retained");
            ensure!(
                rows.iter().all(|row| row.retained == Some(true)),
                "a row is not left to itself: {rows:?}"
            );
            return Ok(());
        }
        ensure!(works.is_empty(), "tokens of a deleted McpToken work: {works:?}");
        ensure!(policy == DeletionPolicy::Revoke || rows.is_empty(), "rows are left: {rows:?}");
        ensure!(rows.iter().all(|row| row.status == "revoked"), "rows without a resource: {rows:?}");
        Ok(())
    }

    async fn check_life(&self, object: &McpToken, rows: &[Row]) -> Result<()> {
        let secrets = self.token.secrets().await?;
        // A token that was lost is not replaced while there is nobody whom a new one might be for.
        if secrets.is_empty()
            && self.reason("") == "UserMoved"
            && self.count(|act| act == Act::LoseSecret) > 0
        {
            self.check_status(object, "")?;
            let works = self.works(true).await?;
            ensure!(works.is_empty(), "tokens without a Secret work: {works:?}");
            return Ok(());
        }
        ensure!(secrets.len() == 1, "it owns {} Secrets", secrets.len());
        let secret = &secrets[0];
        let name = object.spec.secret.as_ref().and_then(|secret| secret.name.clone());
        ensure!(
            secret.name_any() == name.unwrap_or_else(|| object.name_any()),
            "the Secret has another name"
        );
        let current = token_of(secret, "token").context("no token in the Secret")?.expose().to_owned();
        self.check_status(object, &current)?;
        self.check_working(secret, &current).await?;
        self.check_minting(&current)?;
        let digest = Bearer::parse(&current)?.digest().to_string();
        let of_current = rows.iter().filter(|row| row.token == digest).count();
        ensure!(of_current == 1, "the Secret's token has {of_current} rows");
        let uid = object.uid();
        ensure!(rows.iter().all(|row| row.resource_uid == uid), "a row is kept for nobody: {rows:?}");
        Ok(())
    }

    /// The reason of Ready that is due.
    fn reason(&self, current: &str) -> &'static str {
        if self.moved() && self.requests.is_empty() {
            "UserMoved"
        } else if self.revoked.iter().any(|revoked| revoked == current) {
            "RevokedInAurora"
        } else if self.suspended() {
            "Suspended"
        } else {
            "Ready"
        }
    }

    fn check_status(&self, object: &McpToken, current: &str) -> Result<()> {
        let ready = ready(object).context("no status yet")?;
        let reason = self.reason(current);
        ensure!(ready.reason == reason, "{} instead of {reason}: {}", ready.reason, ready.message);
        let status = object.status.clone().unwrap_or_default();
        ensure!(status.observed_generation == object.metadata.generation, "the status is an old one");
        if reason == "Ready" {
            let asked = self.requests.last();
            ensure!(status.last_rotation_request.as_ref() == asked, "the rotation is still due");
        }
        Ok(())
    }

    /// What must work: the current token, and the one before it if it was replaced by a rotation. What may: no other.
    async fn check_working(&self, secret: &Secret, current: &str) -> Result<()> {
        let works = self.works(self.limited()).await?;
        let (mut must, mut may) = (BTreeSet::new(), BTreeSet::new());
        if self.reason(current) == "Ready" {
            must.insert(current.to_owned());
            let previous = secret.annotations().get(PREVIOUS).and_then(|serial| serial.parse::<i64>().ok());
            let seen = self.token.stage.witness.tokens(&self.token.name);
            may.extend(
                seen.into_iter().filter(|(serial, _)| Some(*serial) == previous).map(|(_, bearer)| bearer),
            );
            let rotated_once = self.requests.len() == 1 && self.count(|act| act == Act::LoseSecret) == 0;
            let before = self.first.as_ref().or(self.adopted.as_ref()).filter(|_| !self.moved());
            if rotated_once && self.story.birth == Birth::Settled {
                must.extend(before.filter(|before| !self.revoked.contains(before)).cloned());
            }
        }
        ensure!(works.is_superset(&must), "lost: {:?}", must.difference(&works).collect::<Vec<_>>());
        may.extend(must);
        ensure!(
            works.is_subset(&may),
            "work although they must not: {:?}",
            works.difference(&may).collect::<Vec<_>>()
        );
        Ok(())
    }

    /// Nothing is minted without a cause, and no cause mints twice.
    fn check_minting(&self, current: &str) -> Result<()> {
        let seen = self.token.stage.witness.tokens(&self.token.name);
        let bearers: BTreeSet<_> = seen.iter().map(|(_, bearer)| bearer.as_str()).collect();
        let causes = 1 + self.requests.len() + self.count(|act| act == Act::LoseSecret);
        ensure!(bearers.len() <= causes, "{} tokens were minted for {causes} causes", bearers.len());
        let unchanged = causes == 1;
        for before in self.first.iter().chain(&self.adopted).filter(|_| unchanged) {
            ensure!(before == current, "the token was replaced without a cause");
        }
        Ok(())
    }
}

fn one_row_a_serial(rows: &[Row]) -> Result<()> {
    let serials: Vec<_> = rows.iter().map(|row| row.serial).collect();
    let distinct: BTreeSet<_> = serials.iter().collect();
    ensure!(distinct.len() == serials.len(), "a serial has several rows, or a row no record: {rows:?}");
    Ok(())
}
