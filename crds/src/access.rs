//! What a token may do: `McpToken.spec.access`.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Limits of a token. Each limit only takes away from what the user may do.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AccessSpec {
    /// `ReadOnly` hides and refuses every tool and request that changes something.
    #[serde(default)]
    pub mode: ModeSpec,

    /// The only tools that are listed and can be called. Absent: all. Empty: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 64), regex(pattern = r"^[a-z][a-z0-9_]*$")))]
    pub tools: Option<Vec<String>>,

    /// The only requests that the tool `aurora_api` may send. Absent: all. Empty: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub api: Option<Vec<ApiRuleSpec>>,
}

/// Whether a token may change anything.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ModeSpec {
    /// Only what reads.
    ReadOnly,
    /// All that the user may do.
    #[default]
    ReadWrite,
}

/// Requests that `aurora_api` may send.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ApiRuleSpec {
    /// HTTP methods. Empty or absent: every method that `mode` allows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5))]
    pub methods: Vec<Method>,

    /// A path of Aurora's API. `*` stands for one segment, a final `**` for everything below.
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^/[A-Za-z0-9._~/*-]*$"))]
    #[x_kube(validation = Rule::new("!self.contains('..')").message("path can't hold '..'"))]
    pub path: String,
}

/// An HTTP method.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "named by HTTP itself; a description of each would turn the enum into oneOf")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}
