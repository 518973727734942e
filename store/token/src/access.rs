//! What a token may do beyond being its user: stored as JSON in `aurora_mcp.managed_token.access`.
//!
//! Unknown fields are an error on purpose: a reader that doesn't understand a limit must not ignore it.

use serde::{Deserialize, Serialize};

/// Limits of one token. The default has none: the token may do all that its user may.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Access {
    /// Whether tools that change anything are allowed.
    pub mode: Mode,
    /// The only tools that are listed and can be called; absent: all of them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tools: Option<Vec<String>>,
    /// The only requests that `aurora_api` may send; absent: all of them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub api: Option<Vec<ApiRule>>,
}

/// Whether a token may change anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mode {
    /// Only tools and requests that read.
    ReadOnly,
    /// All that the user may do.
    #[default]
    ReadWrite,
}

/// Requests that `aurora_api` may send.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApiRule {
    /// HTTP methods in capitals; empty: every method that `mode` allows.
    #[serde(default)]
    pub methods: Vec<String>,
    /// A path as Aurora's routes have it. `*` stands for one segment, a final `**` for all that follows.
    pub path: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_survives_its_json() {
        let access = Access {
            mode: Mode::ReadOnly,
            tools: Some(vec!["list_incidents".into()]),
            api: Some(vec![ApiRule { methods: vec!["GET".into()], path: "/api/incidents/**".into() }]),
        };
        let json = serde_json::to_value(&access).unwrap();
        assert_eq!(serde_json::from_value::<Access>(json).unwrap(), access);
    }

    #[test]
    fn limits_that_are_not_understood_are_an_error_not_no_limits() {
        for json in [
            r#"{"mode":"ReadWrite","until":"noon"}"#,
            r#"{"mode":"Everything"}"#,
            r#"{"tools":["a"]}"#,
            r#"{"mode":"ReadOnly","tools":"all"}"#,
            r#"{"mode":"ReadOnly","api":[{"methods":["GET"]}]}"#,
            "{}",
            "[]",
            "null",
        ] {
            assert!(serde_json::from_str::<Access>(json).is_err(), "{json}");
        }
    }
}
