//! What a person writes: `McpToken.spec`.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AccessSpec, McpTokenStatus, ServiceSpec, duration};

/// A bearer token for Aurora's MCP endpoint, made for one of Aurora's users. The operator keeps the token in a Secret with
/// ready client configuration, a row for it in Aurora's database, and a Service that leads to the endpoint.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Debug, Clone, PartialEq)]
#[kube(
    group = "mcp.aurora-oss.dev",
    version = "v1alpha1",
    kind = "McpToken",
    plural = "mcptokens",
    shortname = "mcpt",
    category = "aurora",
    namespaced,
    status = "McpTokenStatus",
    doc = "A bearer token for Aurora's MCP endpoint, made for one of Aurora's users. It becomes a Secret with the token and ready client configuration, a row in Aurora's database, and a Service that leads to the endpoint.",
    printcolumn = r#"{"name":"User", "type":"string", "description":"The user that the token stands for.", "jsonPath":".status.user"}"#,
    printcolumn = r#"{"name":"Ready", "type":"string", "description":"True when the token can be used.", "jsonPath":".status.conditions[?(@.type=='Ready')].status"}"#,
    printcolumn = r#"{"name":"Reason", "type":"string", "description":"Why it is ready or not.", "jsonPath":".status.conditions[?(@.type=='Ready')].reason"}"#,
    printcolumn = r#"{"name":"Expires", "type":"string", "description":"When the current token stops working by itself.", "jsonPath":".status.expiresAt"}"#,
    printcolumn = r#"{"name":"Last used", "type":"date", "description":"When a client last used the token.", "jsonPath":".status.lastUsedAt"}"#,
    printcolumn = r#"{"name":"Age", "type":"date", "jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Secret", "type":"string", "description":"The Secret that holds the token.", "priority":1, "jsonPath":".status.secretName"}"#,
    printcolumn = r#"{"name":"Token id", "type":"integer", "description":"The number of the token in Aurora.", "priority":1, "jsonPath":".status.tokenId"}"#,
    printcolumn = r#"{"name":"Endpoint", "type":"string", "description":"The address for MCP clients.", "priority":1, "jsonPath":".status.endpoint"}"#
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!(has(self.expiresAt) && has(self.ttl))").message("set expiresAt or ttl, not both"),
    validation = Rule::new("has(self.orgId) == has(oldSelf.orgId) && (!has(self.orgId) || self.orgId == oldSelf.orgId)")
        .message("orgId can't be changed: create another McpToken"),
    validation = duration::shorter("rotation.interval", "ttl", "has(self.ttl) && has(self.rotation)",
        "ttl must be longer than rotation.interval, or each token would end before the next one is made"),
    validation = Rule::new("has(self.adoptFrom) == has(oldSelf.adoptFrom) || !has(self.adoptFrom)")
        .message("adoptFrom can only be set when the McpToken is created"),
)]
pub struct McpTokenSpec {
    /// The user of Aurora that the token stands for: whoever holds the token acts as this user. Can't be changed.
    pub user: UserRef,

    /// The organisation that the user must belong to. When it is set and the user belongs to another one, no token is made.
    /// Can't be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub org_id: Option<String>,

    /// What Aurora's own list of tokens shows. Default: `<namespace>/<name>` of this resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    pub display_name: Option<String>,

    /// When the token stops working, as an RFC 3339 time. Excludes `ttl`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,

    /// How long each token works after it was made, such as `720h`. Excludes `expiresAt`. With neither, the token never
    /// expires, if the operator allows that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 20))]
    #[x_kube(validation = duration::well_formed("ttl"), validation = duration::a_minute_at_least("ttl"))]
    pub ttl: Option<String>,

    /// Replaces the token regularly. Absent: the token stays until it expires or a rotation is requested with the annotation
    /// `mcp.aurora-oss.dev/rotate-requested-at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<RotationSpec>,

    /// True stops the token at once without deleting anything; false lets it work again. It never holds deletion back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspended: bool,

    /// Limits what the token may do. Absent: all that its user may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<AccessSpec>,

    /// The Secret that is to hold the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretSpec>,

    /// The Service that is to lead to the endpoint. Absent: the gateway's own Service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceSpec>,

    /// Takes an existing token over instead of making one: it keeps working, and Aurora's database keeps only its digest.
    /// Can only be set at creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopt_from: Option<AdoptFrom>,

    /// What becomes of the token when this resource is deleted. `Revoke`: it stops working and its row stays in Aurora's database,
    /// revoked, for the audit. `Delete`: it stops working and its row is deleted. `Retain`: it goes on working and is managed in
    /// Aurora only.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
}

/// One of Aurora's users.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.id) != has(self.email)").message("set exactly one of user.id and user.email"),
    validation = Rule::new("self == oldSelf").message("user can't be changed: create another McpToken"),
)]
pub struct UserRef {
    /// The user's id in Aurora.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub id: Option<String>,

    /// The address that the user signs in to Aurora with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 255), regex(pattern = r"^[^@\s]+@[^@\s]+$"))]
    pub email: Option<String>,
}

/// When a token is replaced.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = duration::shorter("overlap", "interval", "has(self.overlap)",
    "rotation.overlap must be shorter than rotation.interval"))]
pub struct RotationSpec {
    /// How long a token is the current one, such as `168h`. At least `1m`.
    #[schemars(length(min = 2, max = 20))]
    #[x_kube(validation = duration::well_formed("rotation.interval"), validation = duration::a_minute_at_least("rotation.interval"))]
    pub interval: String,

    /// How long the previous token still works after it was replaced, so that clients can pick up the new one.
    /// Default: `1h`, or half the interval if that is shorter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 20))]
    #[x_kube(validation = duration::well_formed("rotation.overlap"))]
    pub overlap: Option<String>,
}

/// The Secret that holds the token.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SecretSpec {
    /// Its name. Default: the name of this resource. A Secret that this resource did not make is never overwritten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"))]
    pub name: Option<String>,

    /// Labels to add to it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,

    /// Annotations to add to it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// Where an existing token is.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AdoptFrom {
    /// A key of a Secret in the same namespace.
    pub secret_key_ref: SecretKeyRef,
}

/// A key of a Secret in the same namespace.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyRef {
    /// The Secret's name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,

    /// The key whose value is the token.
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

/// What becomes of the row in Aurora's database when the McpToken is deleted.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DeletionPolicy {
    /// The token stops working and its row stays, revoked, for the audit.
    #[default]
    Revoke,
    /// The token stops working and its row is deleted.
    Delete,
    /// The token goes on working; from then on it is managed in Aurora only.
    Retain,
}
