//! How long it takes from applying an McpToken until its token can be used.

use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use aurora_mcp_plan::token_of;
use aurora_mcp_store::{Bearer, Resolution};
use futures::TryStreamExt as _;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{WatchEvent, WatchParams};

use crate::report::Times;
use crate::site::Site;

const LOOK: Duration = Duration::from_millis(1);

/// Applies so many McpTokens one after another; each is usable before the next.
pub async fn one_after_another(site: &Site<'_>, prefix: &str, count: usize) -> Result<Times> {
    let mut times = Vec::with_capacity(count);
    for number in 0..count {
        times.push(one(site, &format!("{prefix}-{number}"), number).await?);
    }
    Ok(Times::new(times))
}

/// Usable: a gateway takes the token that stands in the Secret.
async fn one(site: &Site<'_>, name: &str, number: usize) -> Result<Duration> {
    let secrets = site.secrets();
    let only_this = WatchParams::default().fields(&format!("metadata.name={name}"));
    let mut seen = pin!(secrets.watch(&only_this, "0").await?);
    let began = Instant::now();
    site.create(name, number).await?;
    let bearer = loop {
        let event = seen.try_next().await?.context("the watch ended")?;
        if let WatchEvent::Added(secret) = event {
            break token_of(&secret, "token").context("no token in the Secret")?;
        }
    };
    while !matches!(site.gateway.resolve(&bearer).await?, Resolution::Valid(_)) {
        tokio::time::sleep(LOOK).await;
    }
    Ok(began.elapsed())
}

/// The token of an McpToken that is Ready.
pub async fn bearer(secrets: &Api<Secret>, name: &str) -> Result<Bearer> {
    token_of(&secrets.get(name).await?, "token").context("no token in the Secret")
}
