//! Writes a status, if it differs from the one that is there.

use aurora_mcp_crds::{McpToken, McpTokenStatus};
use kube::api::PostParams;
use kube::{Api, ResourceExt as _};
use serde_json::Value;

use crate::context::Context;
use crate::error::Error;

/// Writes the status. True if it had to. Fails if the McpToken was changed since it was read: somebody else may lead by now, and
/// what is told twice was not written twice. It is replaced, not patched: that costs the API server least, and what another version
/// wrote goes with it, for all of a status can be derived again.
pub(crate) async fn write(
    context: &Context,
    resource: &McpToken,
    status: &McpTokenStatus,
) -> Result<bool, Error> {
    if is_written(resource.status.as_ref(), status) {
        return Ok(false);
    }
    let api: Api<McpToken> =
        Api::namespaced(context.client.clone(), &resource.namespace().unwrap_or_default());
    let reported = McpToken { status: Some(status.clone()), ..resource.clone() };
    match api.replace_status(&resource.name_any(), &PostParams::default(), &reported).await {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
        Err(source) => Err(Error::Write { step: "write-status", source }),
    }
}

/// Whether the API server keeps the same. What differs in memory alone, such as parts of a second, is no difference.
fn is_written(before: Option<&McpTokenStatus>, after: &McpTokenStatus) -> bool {
    let written = |status: &McpTokenStatus| serde_json::to_value(status).unwrap_or(Value::Null);
    before.is_some_and(|before| before == after || written(before) == written(after))
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    fn status(user: Option<&str>, serial: i64) -> McpTokenStatus {
        McpTokenStatus { user: user.map(str::to_owned), serial: Some(serial), ..McpTokenStatus::default() }
    }

    #[test]
    fn same_status_is_not_written() {
        assert!(is_written(Some(&status(Some("a"), 1)), &status(Some("a"), 1)));
    }

    #[test]
    fn what_the_api_server_does_not_keep_is_no_difference() {
        let at =
            |time: &str| McpTokenStatus { issued_at: Some(Time(time.parse().unwrap())), ..status(None, 1) };
        assert!(is_written(Some(&at("2026-01-01T00:00:00Z")), &at("2026-01-01T00:00:00.4Z")));
    }

    #[test]
    fn a_changed_an_absent_and_a_first_status_are_written() {
        let before = status(Some("a"), 1);
        for (before, after) in [
            (Some(&before), status(Some("a"), 2)),
            (Some(&before), status(None, 1)),
            (None, status(None, 1)),
            (None, McpTokenStatus::default()),
        ] {
            assert!(!is_written(before, &after), "{before:?} → {after:?}");
        }
    }
}
