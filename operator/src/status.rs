//! Writes a status, if it differs from the one that is there.

use aurora_mcp_crds::{McpToken, McpTokenStatus};
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::Error;

/// Writes the status. True if it had to. Fails if the McpToken was changed since it was read: somebody else may lead by now, and
/// what is told twice was not written twice.
pub(crate) async fn write(
    context: &Context,
    resource: &McpToken,
    status: &McpTokenStatus,
) -> Result<bool, Error> {
    let Some(patch) = patch(resource.status.as_ref(), status) else { return Ok(false) };
    let api: Api<McpToken> =
        Api::namespaced(context.client.clone(), &resource.namespace().unwrap_or_default());
    let version = json!({"resourceVersion": resource.resource_version()});
    let patch = Patch::Merge(json!({"metadata": version, "status": patch}));
    match api.patch_status(&resource.name_any(), &PatchParams::default(), &patch).await {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
        Err(source) => Err(Error::Write { step: "write-status", source }),
    }
}

/// The fields that differ, as a merge patch; null takes a field away. None: nothing differs.
fn patch(before: Option<&McpTokenStatus>, after: &McpTokenStatus) -> Option<Value> {
    if before == Some(after) {
        return None;
    }
    let fields = |status: &McpTokenStatus| match serde_json::to_value(status) {
        Ok(Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let (before, mut after) = (before.map(fields).unwrap_or_default(), fields(after));
    for key in before.keys().filter(|key| !after.contains_key(*key)).cloned().collect::<Vec<_>>() {
        after.insert(key, Value::Null);
    }
    after.retain(|key, value| before.get(key) != Some(value));
    // What differs in memory alone, such as parts of a second, is no difference.
    (!after.is_empty()).then_some(Value::Object(after))
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
        assert_eq!(patch(Some(&status(Some("a"), 1)), &status(Some("a"), 1)), None);
    }

    #[test]
    fn what_the_api_server_does_not_keep_is_no_difference() {
        let at =
            |time: &str| McpTokenStatus { issued_at: Some(Time(time.parse().unwrap())), ..status(None, 1) };
        assert_eq!(patch(Some(&at("2026-01-01T00:00:00Z")), &at("2026-01-01T00:00:00.4Z")), None);
    }

    #[test]
    fn only_differences_are_written_and_absent_fields_are_taken_away() {
        let (before, after) = (status(Some("a"), 1), status(None, 2));
        assert_eq!(patch(Some(&before), &after), Some(json!({"user": null, "serial": 2})));
        assert_eq!(patch(None, &status(None, 2)), Some(json!({"serial": 2})));
    }
}
