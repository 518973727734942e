//! What the API server can do at most: the writes that an McpToken takes, by a client that does nothing else.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use aurora_mcp_crds::McpToken;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use k8s_openapi::api::core::v1::{Namespace, Secret};
use k8s_openapi::api::events::v1::Event;
use kube::api::{ListParams, ObjectMeta, Patch, PatchParams, PostParams};
use kube::{Api, Client, Resource as _, ResourceExt as _};
use serde_json::{from_value, json};

const NAMESPACE: &str = "bare";
/// As many as the operator has passes.
const AT_ONCE: usize = 16;

/// What the operator wrote about one McpToken, to be written again and again under other names.
struct Sample {
    token: McpToken,
    secret: Secret,
    event: Event,
}

impl Sample {
    async fn of(client: &Client, namespace: &str, name: &str) -> Result<Self> {
        let tokens: Api<McpToken> = Api::namespaced(client.clone(), namespace);
        let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
        let events: Api<Event> = Api::namespaced(client.clone(), namespace);
        let regarding = ListParams::default().fields(&format!("regarding.name={name}"));
        let event = events.list(&regarding).await?.items.into_iter().next().context("no event")?;
        Ok(Self { token: tokens.get(name).await?, secret: secrets.get(name).await?, event })
    }
}

/// Makes all writes for so many McpTokens like one in `namespace`, without an operator and without a database; returns how long it took.
pub async fn write_all(client: &Client, namespace: &str, like: &str, count: usize) -> Result<Duration> {
    let sample = Sample::of(client, namespace, like).await?;
    let namespace = from_value(json!({"metadata": {"name": NAMESPACE}}))?;
    Api::<Namespace>::all(client.clone()).create(&PostParams::default(), &namespace).await?;
    let began = Instant::now();
    stream::iter(0..count)
        .map(|number| write(client, &sample, format!("token-{number}")))
        .buffer_unordered(AT_ONCE)
        .try_for_each(async |()| Ok(()))
        .await?;
    Ok(began.elapsed())
}

async fn write(client: &Client, sample: &Sample, name: String) -> Result<()> {
    let post = PostParams::default();
    let named = |name: &str| ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some(NAMESPACE.to_owned()),
        ..ObjectMeta::default()
    };
    let tokens: Api<McpToken> = Api::namespaced(client.clone(), NAMESPACE);
    let new = McpToken { metadata: named(&name), spec: sample.token.spec.clone(), status: None };
    tokens.create(&post, &new).await?;
    let (finalizers, annotations) = (sample.token.finalizers(), sample.token.annotations());
    let claim = json!({"metadata": {"finalizers": finalizers, "annotations": annotations}});
    let claimed = tokens.patch(&name, &PatchParams::default(), &Patch::Merge(claim)).await?;
    let (labels, notes) = (sample.secret.metadata.labels.clone(), sample.secret.metadata.annotations.clone());
    let owners = claimed.owner_ref(&()).map(|owner| vec![owner]);
    let metadata = ObjectMeta { labels, annotations: notes, owner_references: owners, ..named(&name) };
    let secret = Secret { metadata, ..sample.secret.clone() };
    Api::<Secret>::namespaced(client.clone(), NAMESPACE).create(&post, &secret).await?;
    let reported = McpToken { status: sample.token.status.clone(), ..claimed.clone() };
    tokens.replace_status(&name, &post, &reported).await?;
    let regarding = Some(claimed.object_ref(&()));
    let event = Event { metadata: named(&name), regarding, ..sample.event.clone() };
    Api::<Event>::namespaced(client.clone(), NAMESPACE).create(&post, &event).await?;
    Ok(())
}
