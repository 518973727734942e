//! What the operator reports: `McpToken.status`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the operator found and did.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct McpTokenStatus {
    /// `Ready`: a client can use the token; its message says why not, and what to do. `SecretReady`, `RowReady`, `ServiceReady`: the
    /// parts that this takes. Only while there is something to say: `InstantRevocation` is false while revocations in Aurora are seen
    /// by polling, `ToolsKnown` is false if `access.tools` names tools that nobody has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,

    /// The `metadata.generation` that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// The user that the token stands for: the address, or the id if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,

    /// The user's id in Aurora.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,

    /// The organisation that the token was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_id: Option<String>,

    /// The number of the token in Aurora's list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_id: Option<i32>,

    /// The first characters of the token, as Aurora's list shows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_preview: Option<String>,

    /// Counts the tokens that were made, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<i64>,

    /// When the current token was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<Time>,

    /// When the current token stops working by itself. Absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,

    /// When the next token is made. Absent: only on request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_rotation_at: Option<Time>,

    /// The token before the current one, while it still works after a rotation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_token: Option<PreviousToken>,

    /// When a client last used the token, up to a quarter of an hour late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Time>,

    /// The last rotation request that was carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_rotation_request: Option<String>,

    /// The Secret that holds the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_name: Option<String>,

    /// The Service that leads to the endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,

    /// The address for MCP clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}

impl McpTokenStatus {
    /// The condition of a type.
    pub fn condition(&self, type_: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.type_ == type_)
    }
}

/// A token that was replaced and works on for the overlap.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PreviousToken {
    /// Its serial.
    pub serial: i64,

    /// Its number in Aurora's list.
    pub token_id: i32,

    /// When it stops working.
    pub expires_at: Time,
}
