//! What was found at a hop, and how it is told.

use serde::Serialize;

/// Where several hops send their reader.
pub(super) const QUICKSTART: &str = "docs/quickstart.md#1-install";
pub(super) const TOKENS: &str = "docs/tokens.md#ready-or-why-not";
pub(super) const OPERATIONS: &str = "docs/operations.md#what-fails-how-it-shows-what-to-do";

/// How a hop is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Verdict {
    Ok,
    /// It works, with something to know.
    Warning,
    Failed,
    /// It couldn't be looked at.
    Skipped,
}

/// What was found at a hop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Finding {
    pub(super) hop: &'static str,
    pub(super) verdict: Verdict,
    pub(super) message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<String>,
    /// Where to read on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) docs: Option<&'static str>,
}

impl Finding {
    pub(super) fn ok(hop: &'static str, message: impl Into<String>) -> Self {
        // An error may have lines of its own, which would break the columns.
        let message = message.into().lines().collect::<Vec<_>>().join(" ");
        Self { hop, verdict: Verdict::Ok, message, hint: None, docs: None }
    }

    pub(super) fn failed(hop: &'static str, message: impl Into<String>) -> Self {
        Self { verdict: Verdict::Failed, ..Self::ok(hop, message) }
    }

    pub(super) fn warning(hop: &'static str, message: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warning, ..Self::ok(hop, message) }
    }

    pub(super) fn skipped(hop: &'static str, message: impl Into<String>) -> Self {
        Self { verdict: Verdict::Skipped, ..Self::ok(hop, message) }
    }

    /// What to do, and where to read on.
    pub(super) fn hint(mut self, hint: impl Into<String>, docs: &'static str) -> Self {
        self.hint = Some(hint.into());
        self.docs = Some(docs);
        self
    }
}

/// Nothing failed.
pub(super) fn well(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.verdict != Verdict::Failed)
}

/// A line each, and the hints below those that have one.
pub(super) fn text(findings: &[Finding]) -> String {
    let mut lines = Vec::new();
    for finding in findings {
        let mark = match finding.verdict {
            Verdict::Ok => "ok",
            Verdict::Warning => "warn",
            Verdict::Failed => "FAIL",
            Verdict::Skipped => "skip",
        };
        lines.push(format!("{mark:<5} {:<11} {}", finding.hop, finding.message));
        lines.extend(finding.hint.iter().map(|hint| format!("                  -> {hint}")));
        lines.extend(finding.docs.iter().map(|docs| format!("                  see {docs}")));
    }
    lines.push(sum(findings));
    lines.join("\n") + "\n"
}

fn sum(findings: &[Finding]) -> String {
    let count = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    match (count(Verdict::Failed), count(Verdict::Warning)) {
        (0, 0) => "Nothing is wrong.".to_owned(),
        (0, 1) => "No hop failed; 1 warning.".to_owned(),
        (0, all) => format!("No hop failed; {all} warnings."),
        (1, _) => "1 hop failed.".to_owned(),
        (all, _) => format!("{all} hops failed."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_stand_below_what_they_are_about() {
        let findings =
            [Finding::ok("crd", "there"), Finding::failed("secret", "gone").hint("wait", "docs/tokens.md")];
        let text = text(&findings);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        assert_eq!(lines[0], "ok    crd         there");
        assert_eq!(&lines[2..], ["-> wait", "see docs/tokens.md", "1 hop failed."]);
        assert!(!well(&findings));
    }

    #[test]
    fn message_of_several_lines_stays_in_its_column() {
        assert_eq!(Finding::failed("resource", "none.\nLook there.").message, "none. Look there.");
    }

    #[test]
    fn nothing_is_wrong_only_without_a_warning() {
        let (warning, failed) = (Finding::warning("a", ""), Finding::failed("b", ""));
        for (findings, said) in [
            (&[Finding::ok("a", ""), Finding::skipped("b", "")][..], "Nothing is wrong."),
            (std::slice::from_ref(&warning), "No hop failed; 1 warning."),
            (&[warning.clone(), warning.clone()], "No hop failed; 2 warnings."),
            (&[warning.clone(), failed.clone()], "1 hop failed."),
        ] {
            assert_eq!(sum(findings), said);
        }
    }

    #[test]
    fn a_warning_and_a_skipped_hop_are_no_failure() {
        assert!(well(&[Finding::warning("a", ""), Finding::skipped("b", "")]));
    }
}
