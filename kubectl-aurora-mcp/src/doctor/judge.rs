//! What to make of what was seen. Pure.

use serde_json::Value;

use crate::doctor::finding::{Finding, OPERATIONS, TOKENS};
use crate::mcp::McpError;

const CLIENTS: &str = "docs/clients.md#when-it-doesnt-work";

/// The oldest API server that the chart supports.
const OLDEST: (u32, u32) = (1, 33);

/// The API server's version.
pub(super) fn version(major: &str, minor: &str) -> Finding {
    // Some clouds write `33+`.
    let number = |text: &str| text.trim_end_matches('+').parse::<u32>().unwrap_or(0);
    let found = format!("Kubernetes {major}.{minor}");
    if (number(major), number(minor)) >= OLDEST {
        return Finding::ok("cluster", found);
    }
    let (major, minor) = OLDEST;
    Finding::failed("cluster", found)
        .hint(format!("Kubernetes {major}.{minor} or later is needed"), "docs/quickstart.md#you-need")
}

/// A replica that accepts the token. A client without tools can do nothing.
pub(super) fn offer(pod: &str, tools: usize) -> Finding {
    let message = format!("{pod} accepts the token and offers {tools} tools");
    if tools > 0 {
        return Finding::ok("gateway", message);
    }
    let hint = "spec.access of the McpToken leaves none: check its tools and its mode";
    Finding::warning("gateway", message).hint(hint, TOKENS)
}

/// A call that failed, at the hop where it was tried.
pub(super) fn refused(hop: &'static str, error: &McpError) -> Finding {
    let finding = Finding::failed(hop, error.to_string());
    if hop == "proxy" && matches!(error, McpError::Unreachable { .. }) {
        let hint = "nothing answers at this address: start the port-forward again, or look at the ingress and the name";
        return finding.hint(hint, CLIENTS);
    }
    let McpError::Refused { status, reason, .. } = error else {
        return finding.hint("look at the logs of the gateway's pods", OPERATIONS);
    };
    match (status, reason.as_deref()) {
        (401, Some("unknown")) => finding.hint(
            "the gateway doesn't know this token: its row is missing, or the gateway reads another database than the operator",
            OPERATIONS,
        ),
        (401, Some(_)) => {
            finding.hint("the message says why; the hop resource has what the operator knows", CLIENTS)
        }
        (401 | 403, None) | (300..=399, _) => finding.hint(
            "this answer isn't the gateway's: a proxy wants a login of its own; give it that, and the token in X-Aurora-MCP-Token",
            CLIENTS,
        ),
        (403 | 421, _) => finding.hint("allow this host with gateway.allowedHosts in the chart", CLIENTS),
        (429, _) => finding.hint("wait; too many wrong tokens, or too many calls, came from here", CLIENTS),
        (502..=504, _) => finding.hint("what the gateway needs is away; the hop before says what", OPERATIONS),
        _ => finding.hint("look at the logs of the gateway's pods", OPERATIONS),
    }
}

/// The resource `aurora://health`: the overall state, and each component that isn't as it should be.
pub(super) fn health(report: &Value) -> Vec<Finding> {
    let overall = report["overall_status"].as_str().unwrap_or("unknown");
    let mut findings = match overall {
        "healthy" => vec![Finding::ok("aurora", "Aurora is healthy")],
        "unhealthy" => vec![Finding::failed("aurora", "Aurora is unhealthy")],
        other => vec![Finding::warning("aurora", format!("Aurora is {other}"))],
    };
    for (name, component) in report["components"].as_object().into_iter().flatten() {
        let message = format!("{name}: {}", component["message"].as_str().unwrap_or("no word"));
        let finding = match component["status"].as_str() {
            Some("unhealthy") => Finding::failed("aurora", message),
            Some("degraded") => Finding::warning("aurora", message),
            _ => continue,
        };
        let hint = component["hint"].as_str().unwrap_or("look at this component of Aurora");
        findings.push(finding.hint(hint, OPERATIONS));
    }
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::doctor::finding::{Verdict, well};

    #[test]
    fn versions_are_compared_as_numbers() {
        for (major, minor, good) in [
            ("1", "33", true),
            ("1", "34+", true),
            ("1", "32", false),
            ("1", "9", false),
            ("2", "0", true),
            ("", "", false),
        ] {
            assert_eq!(well(&[version(major, minor)]), good, "{major}.{minor}");
        }
    }

    #[test]
    fn each_refusal_has_a_hint_of_its_own() {
        for (status, reason, words) in [
            (401, Some("unknown"), "its row is missing"),
            (401, Some("revoked"), "the message says why"),
            (401, None, "a proxy wants a login"),
            (302, None, "a proxy wants a login"),
            (421, None, "gateway.allowedHosts"),
            (429, Some("too_fast"), "wait"),
            (503, Some("store_away"), "is away"),
            (500, None, "logs"),
        ] {
            let error = McpError::Refused { status, reason: reason.map(str::to_owned), message: "no".into() };
            let finding = refused("call", &error);
            assert_eq!(finding.verdict, Verdict::Failed);
            assert!(finding.hint.as_ref().is_some_and(|hint| hint.contains(words)), "{status} {finding:?}");
        }
    }

    #[test]
    fn token_that_is_offered_nothing_is_warned_of() {
        assert_eq!(offer("gateway-1", 1).verdict, Verdict::Ok);
        assert_eq!(offer("gateway-1", 0).verdict, Verdict::Warning);
    }

    #[test]
    fn an_address_outside_that_does_not_answer_is_not_put_down_to_the_pods() {
        let error = McpError::Unreachable { url: "http://127.0.0.1:1".into(), why: "refused".into() };
        assert!(refused("proxy", &error).hint.is_some_and(|hint| hint.contains("port-forward")));
        assert!(refused("call", &error).hint.is_some_and(|hint| hint.contains("logs")));
    }

    #[test]
    fn components_in_trouble_are_named_with_their_hint() {
        let report = json!({"overall_status": "degraded", "components": {
            "redis": {"status": "unhealthy", "message": "gone", "hint": "start it"},
            "weaviate": {"status": "degraded", "message": "slow"},
            "database": {"status": "healthy", "message": "fine"},
            "celery": {"status": "not_configured", "message": ""},
        }});
        let findings = health(&report);
        assert_eq!(findings.len(), 3);
        let of = |word: &str| findings.iter().find(|finding| finding.message.contains(word)).unwrap();
        assert_eq!((of("redis").verdict, of("redis").hint.as_deref()), (Verdict::Failed, Some("start it")));
        assert_eq!(of("weaviate").verdict, Verdict::Warning);
        assert!(!well(&health(&json!({"overall_status": "unhealthy"}))));
        assert_eq!(health(&json!({})).remove(0).verdict, Verdict::Warning);
    }
}
