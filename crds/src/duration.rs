//! How durations are written, and what is said to those who write them otherwise.

use kube::core::Rule;

/// Hours, minutes and seconds. Six digits each are more than a century and keep clear of the API server's own limit.
const FORM: &str = "^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$";
/// No unit is longer than hours, as in Kubernetes' own durations.
const HOW: &str = "write hours, minutes and seconds, such as 720h for 30 days";

/// The field is a duration at all. Said by a rule, since the API server's words for a pattern are the pattern.
pub(crate) fn well_formed(field: &str) -> Rule {
    Rule::new(format!("self.matches('{FORM}')")).message(format!("{field}: {HOW}").as_str())
}

/// The field is not too short to be meant. Silent if it is no duration.
pub(crate) fn a_minute_at_least(field: &str) -> Rule {
    Rule::new(format!("!self.matches('{FORM}') || duration(self) >= duration('1m')"))
        .message(format!("{field} must be at least 1m").as_str())
}

/// One field is shorter than another, where both are there and durations.
pub(crate) fn shorter(short: &str, long: &str, present: &str, message: &str) -> Rule {
    let formed = format!("self.{short}.matches('{FORM}') && self.{long}.matches('{FORM}')");
    Rule::new(format!("!({present} && {formed}) || duration(self.{short}) < duration(self.{long})"))
        .message(message)
}
