//! Routes that pass a question on to a connected system (contract §5.2).

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::call::Call;
use super::{AsUser, AuroraError, Segment};

/// A span of time that ends now.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Its end.
    pub until: Timestamp,
    /// Its length.
    pub minutes: u32,
}

impl Span {
    fn since(self) -> Timestamp {
        let length = SignedDuration::from_mins(i64::from(self.minutes));
        self.until.checked_sub(length).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl AsUser<'_> {
    /// Log lines of Datadog.
    pub async fn datadog_logs(&self, query: &str, span: Span, limit: u32) -> Result<Value, AuroraError> {
        let (from, to) = (span.since().to_string(), span.until.to_string());
        let body = json!({"query": query, "from": from, "to": to, "limit": limit});
        self.send(Call::post(&["datadog", "logs", "search"], body)).await?.value()
    }

    /// Events of Splunk.
    pub async fn splunk_logs(&self, query: &str, span: Span, limit: u32) -> Result<Value, AuroraError> {
        let earliest = format!("-{}m", span.minutes);
        let body = json!({"query": query, "earliestTime": earliest, "latestTime": "now", "maxCount": limit});
        self.send(Call::post(&["splunk", "search"], body)).await?.value()
    }

    /// Points of a metric of Datadog.
    pub async fn datadog_metrics(&self, query: &str, span: Span) -> Result<Value, AuroraError> {
        let (from, to) = (span.since().as_millisecond(), span.until.as_millisecond());
        let body = json!({"query": query, "fromMs": from, "toMs": to});
        self.send(Call::post(&["datadog", "metrics", "query"], body)).await?.value()
    }

    /// What a provider lists at a fixed path; `size` is its name for the number of entries.
    pub async fn provider_list(&self, path: &[&str], size: &str, limit: u32) -> Result<Value, AuroraError> {
        self.send(Call::get(path).with_query(size, limit.to_string())).await?.value()
    }

    /// Issues that a JQL query finds.
    pub async fn jira_search(&self, jql: &str, most: u32) -> Result<Value, AuroraError> {
        let body = json!({"jql": jql, "maxResults": most});
        self.send(Call::post(&["jira", "search"], body)).await?.value()
    }

    /// One issue of Jira.
    pub async fn jira_issue(&self, key: &Segment) -> Result<Value, AuroraError> {
        self.send(Call::get(&["jira", "issue", key.as_str()])).await?.value()
    }

    /// Databases of Notion.
    pub async fn notion_databases(&self) -> Result<Value, AuroraError> {
        self.send(Call::get(&["notion", "databases"])).await?.value()
    }

    /// One database of Notion.
    pub async fn notion_database(&self, id: &Segment) -> Result<Value, AuroraError> {
        self.send(Call::get(&["notion", "databases", id.as_str()])).await?.value()
    }

    /// `/bitbucket/<list>/<below>…`.
    pub async fn bitbucket(&self, list: &str, below: &[&Segment]) -> Result<Value, AuroraError> {
        let mut path = vec!["bitbucket", list];
        path.extend(below.iter().map(|segment| segment.as_str()));
        self.send(Call::get(&path)).await?.value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_ends_now_and_never_before_time_began() {
        let until: Timestamp = "2026-11-20T10:00:00Z".parse().unwrap();
        assert_eq!(Span { until, minutes: 90 }.since().to_string(), "2026-11-20T08:30:00Z");
        assert_eq!(Span { until: Timestamp::MIN, minutes: 1 }.since(), Timestamp::UNIX_EPOCH);
    }
}
