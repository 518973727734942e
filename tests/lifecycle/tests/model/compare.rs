//! Compares what there is with what the model says.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use aurora_mcp_crds::McpToken;
use aurora_mcp_lifecycle::{Token, ready};
use aurora_mcp_plan::token_of;
use aurora_mcp_store::{Mode, Resolution};
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::events::v1::Event;
use kube::ResourceExt as _;

use crate::life::{Current, Held, Life, State};

/// What is there only while there is nothing to warn of.
const CONDITIONS: [&str; 4] = ["Ready", "RowReady", "SecretReady", "ServiceReady"];

/// After the operator looked, with the database there. A token that the model expects and has not seen is learnt here.
pub async fn check(token: &Token<'_>, life: &mut Life, now: i64) -> Result<()> {
    let object = token.object().await?;
    ensure!(object.is_some() == life.exists, "it is {}", if life.exists { "gone" } else { "still there" });
    match &object {
        Some(object) => {
            check_secret(token, life).await?;
            check_status(object, life, now)?;
            check_services(token, life).await?;
        }
        None => token.collect_garbage().await?,
    }
    check_rows(token, life, now).await
}

/// Which tokens work, with which limits, and how many rows there are. True at any time.
pub async fn check_rows(token: &Token<'_>, life: &Life, now: i64) -> Result<()> {
    let aurora = &token.stage.aurora;
    let count =
        aurora.value(&format!("SELECT count(*) FROM mcp_tokens WHERE user_id = '{}'", token.name)).await?;
    let expected = life.tokens.iter().filter(|token| token.row.is_some()).count();
    ensure!(count == Some(expected.to_string()), "{count:?} rows instead of {expected}");
    let known: BTreeSet<String> = life.tokens.iter().filter_map(|token| token.text.clone()).collect();
    for (_, seen) in token.stage.witness.tokens(&token.name) {
        ensure!(known.contains(&seen), "a token stood in the Secret that was made for no reason");
    }
    let mut works = BTreeMap::new();
    for text in known {
        if let Resolution::Valid(principal) = aurora.resolve(&text).await? {
            works.insert(text, principal.access.mode == Mode::ReadOnly);
        }
    }
    let should = life.tokens.iter().filter_map(|token| {
        let row = token.row.as_ref().filter(|row| life.works(row, now))?;
        Some((token.text.clone()?, row.limited))
    });
    let should: BTreeMap<String, bool> = should.collect();
    ensure!(works == should, "these work (true: read only): {works:?}; these should: {should:?}");
    Ok(())
}

async fn check_secret(token: &Token<'_>, life: &mut Life) -> Result<()> {
    let secrets = token.secrets().await?;
    let Held::Token(current) = life.held else {
        let expected = usize::from(life.held == Held::Rubbish);
        ensure!(secrets.len() == expected, "{} Secrets instead of {expected}", secrets.len());
        return Ok(());
    };
    let [secret] = secrets.as_slice() else { anyhow::bail!("{} Secrets", secrets.len()) };
    let name = secret_name(token, life);
    ensure!(secret.name_any() == name, "Secret {} instead of {name}", secret.name_any());
    let (url, text) = (data(secret, "url")?, token_of(secret, "token").context("no token in the Secret")?);
    ensure!(url == endpoint(token, life), "the address is {url}");
    learn(life, current, text.expose())
}

fn learn(life: &mut Life, current: Current, text: &str) -> Result<()> {
    if let Some(known) = &life.tokens[current.token].text {
        ensure!(known == text, "another token than it should be is in the Secret");
        return Ok(());
    }
    let is_known = life.tokens.iter().any(|token| token.text.as_deref() == Some(text));
    ensure!(!is_known, "a token that it had before is in the Secret, not a new one");
    life.tokens[current.token].text = Some(text.to_owned());
    Ok(())
}

fn data(secret: &Secret, key: &str) -> Result<String> {
    let bytes = secret.data.as_ref().and_then(|data| data.get(key)).with_context(|| format!("no {key}"))?;
    Ok(String::from_utf8(bytes.0.clone())?)
}

pub fn secret_name(token: &Token<'_>, life: &Life) -> String {
    if life.spec.secret == 0 { token.name.clone() } else { format!("{}-{}", token.name, life.spec.secret) }
}

pub fn service_name(token: &Token<'_>, number: u8) -> String {
    format!("{}-service-{number}", token.name)
}

fn endpoint(token: &Token<'_>, life: &Life) -> String {
    let service = life.spec.service;
    let name = if service == 0 { "gateway".to_owned() } else { service_name(token, service) };
    format!("http://{name}.{}.svc.cluster.local:8811/mcp", token.stage.namespace)
}

fn check_status(object: &McpToken, life: &Life, now: i64) -> Result<()> {
    let ready = ready(object).context("no status yet")?;
    let reason = life.reason(now);
    ensure!(ready.reason == reason, "{} instead of {reason}: {}", ready.reason, ready.message);
    ensure!((ready.status == "True") == (reason == "Ready"), "Ready is {} for {reason}", ready.status);
    let status = object.status.clone().unwrap_or_default();
    ensure!(status.observed_generation == object.metadata.generation, "the status is an old one");
    let conditions: BTreeSet<_> =
        status.conditions.iter().map(|condition| condition.type_.as_str()).collect();
    ensure!(conditions == BTreeSet::from(CONDITIONS), "conditions {conditions:?}");
    let Held::Token(current) = life.held else { return Ok(()) };
    let request = (life.answered > 0).then(|| request(life.answered));
    ensure!(
        status.last_rotation_request == request,
        "{:?} was carried out last",
        status.last_rotation_request
    );
    let previous = current.previous.and_then(|index| life.tokens[index].row.as_ref());
    let lives =
        previous.is_some_and(|row| row.state == State::Active && row.ends.is_some_and(|ends| ends > now));
    ensure!(status.previous_token.is_some() == lives, "the token before: {:?}", status.previous_token);
    Ok(())
}

/// The text of a rotation's annotation.
pub fn request(number: u32) -> String {
    format!("request {number}")
}

async fn check_services(token: &Token<'_>, life: &Life) -> Result<()> {
    // Who may not have a token gets no Service made either.
    if !life.user || life.has_moved() {
        return Ok(());
    }
    for number in 1..3 {
        let there = token.stage.services().get_opt(&service_name(token, number)).await?.is_some();
        ensure!(there == (number == life.spec.service), "Service {number}: {there}");
    }
    Ok(())
}

/// Each token that the operator made was announced once, by its preview.
pub fn check_events(events: &[Event], life: &Life) -> Result<()> {
    for token in life.tokens.iter().filter(|token| token.minted) {
        let Some(preview) = token
            .text
            .as_deref()
            .map(|text| aurora_mcp_store::Bearer::parse(text).map(|bearer| bearer.preview()))
        else {
            continue;
        };
        let preview = format!("Wrote the new token {} to Secret", preview?);
        let of_token = |event: &&Event| event.note.as_ref().is_some_and(|note| note.starts_with(&preview));
        let told: Vec<_> = events.iter().filter(of_token).collect();
        let again = told.iter().any(|event| event.series.is_some());
        ensure!(told.len() == 1 && !again, "{preview} was told {} times: {told:?}", told.len());
    }
    Ok(())
}
