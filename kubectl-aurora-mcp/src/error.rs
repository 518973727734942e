//! What can go wrong, in words that say what to do.

use std::path::PathBuf;

use crate::mcp::McpError;
use crate::output::command;

/// Why a command ended without doing what it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("no cluster to talk to: {0}\nSet KUBECONFIG, or give --kubeconfig and --context.")]
    NoCluster(String),
    #[error("the API server can't be reached: {0}\nCheck `kubectl version` with the same context.")]
    Unreachable(String),
    #[error(
        "this cluster has no McpTokens: the CRD mcptokens.mcp.aurora-oss.dev isn't installed.\nInstall the chart first (docs/quickstart.md), or choose another --context."
    )]
    NoCrd,
    #[error("no McpToken {name} in namespace {namespace}.\n`kubectl get mcptoken -A` lists those there are.")]
    NoToken { namespace: String, name: String },
    #[error(
        "you may not {doing}: {message}\nAsk for a Role with that right (docs/kubectl-plugin.md, Rights)."
    )]
    Forbidden { doing: String, message: String },
    #[error("the API server refused to {doing}: {message}")]
    Refused { doing: String, message: String },
    #[error("can't {doing}, since it isn't there: {message}")]
    Missing { doing: String, message: String },
    #[error("can't {doing}: there is no namespace {name}.\n`kubectl get namespaces` lists those there are.")]
    NoNamespace { doing: String, name: String },
    #[error(
        "no Secret {name} in namespace {namespace}.\nThe operator makes it again within seconds; does it run? `{}` looks closer.",
        command("doctor", namespace, token)
    )]
    NoSecret { namespace: String, name: String, token: String },
    #[error(
        "McpToken {name} exists already; choose another name, or use `{}` or `{} --client …`",
        command("rotate", namespace, name),
        command("connect", namespace, name)
    )]
    Exists { namespace: String, name: String },
    #[error(
        "McpToken {name} isn't ready after {waited}: {why}\n`{}` looks closer.",
        command("doctor", namespace, name)
    )]
    NotReady { name: String, namespace: String, waited: String, why: String },
    #[error("McpToken {name} can't be used: {why}\n{hint}")]
    Denied { name: String, why: String, hint: String },
    #[error("{0}")]
    Usage(String),
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("{} is left as it is, since it can't be changed safely: {why}\nMend it, or give another with --file.", path.display())]
    BadFile { path: PathBuf, why: String },
    #[error("{source}\n`{}` finds where it is stuck.", command("doctor", namespace, name))]
    Mcp { source: McpError, namespace: String, name: String },
    #[error(
        "{why}\nNothing was deleted, since no replica can be asked. `kubectl delete mcptoken -n {namespace} {name}` revokes it without asking."
    )]
    Unmeasured { why: String, name: String, namespace: String },
    #[error("after {limit}s the token isn't refused everywhere; not yet by: {replicas}")]
    StillAccepted { limit: u64, replicas: String },
    #[error("{0}")]
    Output(#[from] std::io::Error),
    #[error("unexpected: {0}")]
    Internal(String),
}

impl Error {
    /// What the API server said when we tried to do something with an McpToken.
    pub(crate) fn api(doing: impl Into<String>, error: kube::Error) -> Self {
        let doing = doing.into();
        match error {
            kube::Error::Api(status) => match status.code {
                // A missing object has a reason of its own; without it, the path itself is unknown.
                404 if status.reason != "NotFound" => Self::NoCrd,
                404 => match status.details.as_ref().filter(|details| details.kind == "namespaces") {
                    Some(details) => Self::NoNamespace { doing, name: details.name.clone() },
                    None => Self::Missing { doing, message: status.message.clone() },
                },
                // A rule of the chart, which says itself who decides; no Role helps.
                403 if status.message.contains("ValidatingAdmissionPolicy") => {
                    Self::Refused { doing, message: status.message.clone() }
                }
                401 | 403 => Self::Forbidden { doing, message: status.message.clone() },
                _ => Self::Refused { doing, message: status.message.clone() },
            },
            error @ (kube::Error::Service(_) | kube::Error::HyperError(_)) => {
                Self::Unreachable(innermost(&error))
            }
            error => Self::Refused { doing, message: error.to_string() },
        }
    }
}

/// The last cause, which names the trouble; the ones before it name layers.
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use kube::core::Status;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_by_policy_is_told_from_a_missing_right() {
        let said = |message: &str| {
            let status = Status::failure(message, "Forbidden").with_code(403);
            Error::api("create it", kube::Error::Api(status.boxed())).to_string()
        };
        let policy = said("ValidatingAdmissionPolicy 'x' denied request: operator.tenants decides that");
        assert!(policy.contains("operator.tenants") && !policy.contains("Role"), "{policy}");
        assert!(said("mcptokens is forbidden").contains("Ask for a Role"));
    }

    #[test]
    fn what_is_missing_was_not_refused() {
        let said = |status: Status| {
            Error::api("read Secret c2 in team", kube::Error::Api(status.boxed())).to_string()
        };
        let missing = Status::failure("secrets \"c2\" not found", "NotFound").with_code(404);
        let details = json!({"name": "team", "kind": "namespaces"});
        let details = Some(serde_json::from_value(details).unwrap());
        let nowhere = Status { details, ..missing.clone() };
        for (status, words) in [(missing, "since it isn't there"), (nowhere, "there is no namespace team.")] {
            let said = said(status);
            assert!(said.contains(words) && !said.contains("refused"), "{said}");
        }
    }

    #[test]
    fn commands_in_errors_name_token_and_namespace() {
        let (namespace, name) = (|| "team".to_owned(), || "laptop".to_owned());
        let strange = McpError::Strange("?".into());
        for error in [
            Error::Exists { namespace: namespace(), name: name() },
            Error::NotReady {
                name: name(),
                namespace: namespace(),
                waited: String::new(),
                why: String::new(),
            },
            Error::NoSecret { namespace: namespace(), name: "agent".into(), token: name() },
            Error::Mcp { source: strange, namespace: namespace(), name: name() },
        ] {
            let said = error.to_string();
            assert!(said.contains(" -n team laptop"), "{said}");
        }
    }
}
