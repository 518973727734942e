//! What a condition that says no means for somebody who waits: whether it can pass, and what mends it.

use std::time::Duration;

use aurora_mcp_crds::McpToken;
use aurora_mcp_plan::Reason;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::output::command;
use crate::token::ready;

/// By then the Secret of an earlier McpToken of the same name is collected, and the operator has answered a request.
const MOMENT: Duration = Duration::from_secs(5);

/// What mends a refusal that no waiting mends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Another spec, or another Aurora.
    Correct,
    Rotate,
    Resume,
    /// It is on its way out.
    MakeAgain,
}

impl Remedy {
    /// None: it can pass while somebody waits, as all does that an administrator mends, and what this plugin doesn't know.
    pub(crate) fn of(reason: &str) -> Option<Self> {
        let reason = Reason::ALL.into_iter().find(|known| known.as_str() == reason)?;
        match reason {
            Reason::UserNotFound
            | Reason::UserWithoutOrganisation
            | Reason::OrganisationMismatch
            | Reason::UserMoved
            | Reason::NotPermitted
            | Reason::LifetimeNotAllowed
            | Reason::InvalidSpec
            | Reason::AdoptionFailed
            | Reason::SecretConflict
            | Reason::ServiceConflict
            | Reason::TokenInUse => Some(Self::Correct),
            Reason::Expired | Reason::RevokedInAurora => Some(Self::Rotate),
            Reason::Suspended => Some(Self::Resume),
            Reason::Deleting => Some(Self::MakeAgain),
            Reason::DatabaseUnavailable
            | Reason::DatabaseForbidden
            | Reason::DatabaseSchemaMissing
            | Reason::KubernetesRefused
            | Reason::InternalError
            | Reason::SecretMissing
            | Reason::Ready
            | Reason::SecretWritten
            | Reason::RowActive
            | Reason::ServiceFound
            | Reason::Polling
            | Reason::UnknownTools => None,
        }
    }

    /// The commands that mend it.
    pub(crate) fn hint(self, namespace: &str, name: &str) -> String {
        match self {
            Self::Correct => format!(
                "Correct it with `kubectl edit mcptoken -n {namespace} {name}`, or undo it with `kubectl delete mcptoken -n {namespace} {name}`."
            ),
            Self::Rotate => format!("`{}` makes a new token.", command("rotate", namespace, name)),
            Self::Resume => format!("`{}` lets it work again.", command("resume", namespace, name)),
            Self::MakeAgain => {
                format!("Make it again when `kubectl get mcptoken -n {namespace} {name}` no longer finds it.")
            }
        }
    }
}

/// The operator's refusal of this very spec.
pub(crate) fn refusal(token: &McpToken) -> Option<&Condition> {
    let observed = token.status.as_ref()?.observed_generation;
    ready::condition(token, "Ready")
        .filter(|ready| observed == token.metadata.generation && ready.status == "False")
}

/// A refusal that stays as it is, after it has stood for so long. One that stood before something was `asked` may be old.
pub(crate) fn stays(refusal: &Condition, stood: Duration, asked: bool) -> Option<Remedy> {
    let can_pass = asked || refusal.reason == Reason::SecretConflict.as_str();
    Remedy::of(&refusal.reason).filter(|_| !can_pass || stood >= MOMENT)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn condition(reason: &str) -> Condition {
        serde_json::from_value(json!({"type": "Ready", "status": "False", "reason": reason, "message": "no",
            "lastTransitionTime": "2026-01-01T00:00:00Z"}))
        .unwrap()
    }

    #[test]
    fn what_somebody_else_mends_is_waited_for_and_the_rest_is_not() {
        for (reason, remedy) in [
            ("UserNotFound", Some(Remedy::Correct)),
            ("NotPermitted", Some(Remedy::Correct)),
            ("OrganisationMismatch", Some(Remedy::Correct)),
            ("ServiceConflict", Some(Remedy::Correct)),
            ("RevokedInAurora", Some(Remedy::Rotate)),
            ("Expired", Some(Remedy::Rotate)),
            ("Suspended", Some(Remedy::Resume)),
            ("Deleting", Some(Remedy::MakeAgain)),
            ("DatabaseUnavailable", None),
            ("DatabaseSchemaMissing", None),
            ("SecretMissing", None),
            ("FromTheFuture", None),
        ] {
            assert_eq!(stays(&condition(reason), Duration::ZERO, false), remedy, "{reason}");
        }
    }

    #[test]
    fn secret_of_an_earlier_mcptoken_has_a_moment_to_go() {
        let conflict = condition("SecretConflict");
        assert_eq!(stays(&conflict, Duration::ZERO, false), None);
        assert_eq!(stays(&conflict, MOMENT, false), Some(Remedy::Correct));
    }

    #[test]
    fn operator_has_a_moment_to_answer_a_request() {
        let refusal = condition("LifetimeNotAllowed");
        assert_eq!(stays(&refusal, Duration::ZERO, true), None);
        assert_eq!(stays(&refusal, MOMENT, true), Some(Remedy::Correct));
    }

    #[test]
    fn every_hint_names_the_token_and_its_namespace() {
        for remedy in [Remedy::Correct, Remedy::Rotate, Remedy::Resume, Remedy::MakeAgain] {
            let hint = remedy.hint("team", "laptop");
            assert!(hint.contains("-n team laptop"), "{hint}");
        }
    }
}
