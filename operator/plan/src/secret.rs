//! The Secret: what is in it, whose it is, and what its annotations remember.

use std::collections::BTreeMap;

use aurora_mcp_crds::{McpToken, SECRET_TYPE};
use aurora_mcp_token::Bearer;
use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use serde_json::json;

use crate::identity::Verdict;
use crate::labels::{
    DIGEST, ISSUED_AT, MANAGED_BY, MANAGED_BY_VALUE, PREVIOUS, REVOKED, ROTATED_FOR, SERIAL,
};
use crate::service;
use crate::token::{Current, Decision, whole_seconds};
use crate::{Config, Observed, Step};

/// What the annotations of a Secret remember of its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marks {
    /// 0: unknown.
    pub(crate) serial: i64,
    pub(crate) issued_at: Timestamp,
    /// The serial that may live on for the overlap.
    pub(crate) previous: Option<i64>,
    /// The rotation request that this token answered.
    pub(crate) rotated_for: Option<String>,
    /// Somebody revoked this token in Aurora.
    pub(crate) revoked: bool,
}

/// What stands under the wanted name.
pub(crate) enum Found {
    Absent,
    Foreign { message: String },
    Ours { token: Option<Bearer>, marks: Marks },
}

/// The Secret's name.
pub(crate) fn name(resource: &McpToken) -> String {
    let own = resource.metadata.name.clone().unwrap_or_default();
    resource.spec.secret.as_ref().and_then(|secret| secret.name.clone()).unwrap_or(own)
}

/// The token that a Secret holds, if it is well formed.
pub fn token_of(secret: &Secret, key: &str) -> Option<Bearer> {
    let bytes = &secret.data.as_ref()?.get(key)?.0;
    let text = std::str::from_utf8(bytes).ok()?.trim();
    Bearer::parse(text).ok().filter(Bearer::is_well_formed)
}

pub(crate) fn find(observed: &Observed<'_>) -> Found {
    let Some(secret) = &observed.secret else {
        // Renamed in the spec: the token moves along.
        return former(observed).map_or(Found::Absent, |secret| ours(observed, secret));
    };
    if !is_ours(observed, &secret.metadata) {
        let name = name(observed.resource);
        let message = format!(
            "set spec.secret.name to another name: Secret {name} exists and was not made for this McpToken, so it is left alone; \
             or delete that Secret if nothing needs it"
        );
        return Found::Foreign { message };
    }
    ours(observed, secret)
}

fn ours(observed: &Observed<'_>, secret: &Secret) -> Found {
    Found::Ours { token: token_of(secret, "token"), marks: read_marks(observed, secret) }
}

/// The Secret that this McpToken had before its name was changed in the spec.
pub(crate) fn former<'a>(observed: &'a Observed<'_>) -> Option<&'a Secret> {
    observed.former_secret.as_ref().filter(|secret| is_ours(observed, &secret.metadata))
}

/// Ours is what an owner reference with our UID controls. Labels can be copied; a UID is given once.
fn is_ours(observed: &Observed<'_>, metadata: &ObjectMeta) -> bool {
    metadata.owner_references.iter().flatten().any(|owner| {
        owner.uid == observed.uid() && owner.kind == "McpToken" && owner.controller == Some(true)
    })
}

/// Annotations that speak of another token than the Secret holds don't count: it was edited by hand.
fn read_marks(observed: &Observed<'_>, secret: &Secret) -> Marks {
    let annotation =
        |key: &str| secret.metadata.annotations.as_ref().and_then(|all| all.get(key)).map(String::as_str);
    let rotated_for = annotation(ROTATED_FOR).filter(|request| !request.is_empty()).map(str::to_owned);
    let digest = token_of(secret, "token").map(|token| token.digest().to_string());
    if digest.as_deref() != annotation(DIGEST) {
        let issued_at = whole_seconds(observed.now);
        return Marks { serial: 0, issued_at, previous: None, rotated_for, revoked: false };
    }
    Marks {
        serial: annotation(SERIAL)
            .and_then(|text| text.parse().ok())
            .filter(|serial| *serial > 0)
            .unwrap_or(0),
        issued_at: whole_seconds(
            annotation(ISSUED_AT).and_then(|text| text.parse().ok()).unwrap_or(observed.now),
        ),
        previous: annotation(PREVIOUS).and_then(|text| text.parse().ok()),
        rotated_for,
        revoked: annotation(REVOKED).is_some() && annotation(REVOKED) == digest.as_deref(),
    }
}

/// The Secret as it should be, unless it is so already.
pub(crate) fn write(observed: &Observed<'_>, config: &Config, current: &Current) -> Option<Box<Secret>> {
    let resource = observed.resource;
    let template = resource.spec.secret.clone().unwrap_or_default();
    let mut labels = template.labels;
    labels.insert(MANAGED_BY.into(), MANAGED_BY_VALUE.into());
    let mut annotations = template.annotations;
    annotations.extend(annotations_of(current));
    let existing = observed.secret.as_ref();
    let unchanged = existing.is_some_and(|secret| {
        holds(secret.metadata.labels.as_ref(), &labels)
            && holds(secret.metadata.annotations.as_ref(), &annotations)
            && secret.data.as_ref() == Some(&content(observed, config, &current.bearer))
    });
    if unchanged {
        return None;
    }
    Some(Box::new(Secret {
        metadata: ObjectMeta {
            name: Some(name(resource)),
            namespace: resource.metadata.namespace.clone(),
            // The version makes the write fail if somebody changed the Secret meanwhile; none: it must not exist.
            resource_version: existing.and_then(|secret| secret.metadata.resource_version.clone()),
            uid: existing.and_then(|secret| secret.metadata.uid.clone()),
            labels: Some(merged(existing.and_then(|secret| secret.metadata.labels.clone()), labels)),
            annotations: Some(merged(
                existing.and_then(|secret| secret.metadata.annotations.clone()),
                annotations,
            )),
            owner_references: Some(vec![owner_reference(resource, true)]),
            ..ObjectMeta::default()
        },
        type_: Some(SECRET_TYPE.into()),
        data: Some(content(observed, config, &current.bearer)),
        ..Secret::default()
    }))
}

fn annotations_of(current: &Current) -> BTreeMap<String, String> {
    let marks = &current.marks;
    BTreeMap::from([
        (SERIAL.into(), marks.serial.to_string()),
        (ISSUED_AT.into(), marks.issued_at.to_string()),
        (PREVIOUS.into(), marks.previous.map(|serial| serial.to_string()).unwrap_or_default()),
        (ROTATED_FOR.into(), marks.rotated_for.clone().unwrap_or_default()),
        (DIGEST.into(), current.bearer.digest().to_string()),
        (REVOKED.into(), if marks.revoked { current.bearer.digest().to_string() } else { String::new() }),
    ])
}

pub(crate) fn holds(there: Option<&BTreeMap<String, String>>, wanted: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(key, value)| there.and_then(|there| there.get(key)) == Some(value))
}

pub(crate) fn merged(
    there: Option<BTreeMap<String, String>>,
    wanted: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut all = there.unwrap_or_default();
    all.extend(wanted);
    all
}

pub(crate) fn owner_reference(resource: &McpToken, controller: bool) -> OwnerReference {
    OwnerReference {
        api_version: "mcp.aurora-oss.dev/v1alpha1".into(),
        kind: "McpToken".into(),
        name: resource.metadata.name.clone().unwrap_or_default(),
        uid: resource.metadata.uid.clone().unwrap_or_default(),
        controller: controller.then_some(true),
        block_owner_deletion: None,
    }
}

/// Token, address, the keys of the Service Binding specification, and ready files for clients.
fn content(observed: &Observed<'_>, config: &Config, bearer: &Bearer) -> BTreeMap<String, ByteString> {
    let url = service::url(observed.resource, config);
    let authorization = format!("Bearer {}", bearer.expose());
    let headers = json!({"Authorization": authorization});
    let pretty = |value: &serde_json::Value| format!("{value:#}\n");
    let codex = format!(
        "[mcp_servers.aurora]\nurl = \"{url}\"\nhttp_headers = {{ \"Authorization\" = \"{authorization}\" }}\n"
    );
    [
        ("token", bearer.expose().to_owned()),
        ("url", url.clone()),
        ("authorization", authorization.clone()),
        ("type", "mcp".to_owned()),
        ("provider", "aurora".to_owned()),
        ("uri", url.clone()),
        (
            "mcp.json",
            pretty(&json!({"mcpServers": {"aurora": {"type": "http", "url": url, "headers": headers}}})),
        ),
        ("windsurf.json", pretty(&json!({"mcpServers": {"aurora": {"serverUrl": url, "headers": headers}}}))),
        ("codex.toml", codex),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), ByteString(value.into_bytes())))
    .collect()
}

/// Removes the Secret of an earlier name, unless nothing can be decided or the new one can't be written.
pub(crate) fn removal(observed: &Observed<'_>, verdict: &Verdict, token: &Decision) -> Option<Step> {
    let decided = !matches!(verdict, Verdict::Undecided { .. });
    let secret = former(observed).filter(|_| decided && token.current.is_some())?;
    secret.metadata.name.clone().map(Step::RemoveSecret)
}
