//! `status`: the chain of one token, for people or for programs.

use std::io::Write;

use aurora_mcp_crds::McpToken;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock::{self, ago};
use crate::cluster::Cluster;
use crate::error::Error;
use crate::output::{self, Format};
use crate::seen::Seen;
use crate::token::chain::{self, Chain, EventFacts, SecretFacts, ServiceFacts};
use crate::token::ready;

pub(crate) async fn run(
    cluster: &Cluster,
    name: &str,
    format: Format,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let chain = chain::gather(cluster, name).await?;
    match format {
        Format::Text => write!(out, "{}", text(&chain, clock::now()))?,
        Format::Json => output::json(out, &document(&chain))?,
    }
    Ok(())
}

fn document(chain: &Chain) -> Value {
    json!({
        "namespace": chain.token.metadata.namespace,
        "name": chain.token.metadata.name,
        "ready": ready::is_ready(&chain.token),
        "spec": chain.token.spec,
        "status": chain.token.status,
        "secret": chain.secret,
        "service": chain.service,
        "events": chain.events,
    })
}

fn text(chain: &Chain, now: Timestamp) -> String {
    let status = chain.token.status.clone().unwrap_or_default();
    let metadata = &chain.token.metadata;
    let time = |at: Option<Timestamp>, none: &str| at.map_or_else(|| none.to_owned(), |at| at.to_string());
    let mut rows = vec![
        (
            "McpToken",
            format!(
                "{}/{}",
                metadata.namespace.as_deref().unwrap_or_default(),
                metadata.name.as_deref().unwrap_or_default()
            ),
        ),
        ("Ready", readiness(&chain.token)),
        ("User", user(status.user.as_deref(), status.org_id.as_deref())),
        (
            "Token",
            format!(
                "{}, number {} of this McpToken",
                status.token_preview.as_deref().unwrap_or("none yet"),
                status.serial.unwrap_or(0)
            ),
        ),
        ("Issued", time(status.issued_at.as_ref().map(|at| at.0), "not yet")),
        ("Expires", time(status.expires_at.as_ref().map(|at| at.0), "never by itself")),
        ("Next one", time(status.next_rotation_at.as_ref().map(|at| at.0), "on request")),
    ];
    if let Some(previous) = &status.previous_token {
        rows.push(("Before it", format!("row {}, works until {}", previous.token_id, previous.expires_at.0)));
    }
    let last_use = status.last_used_at.as_ref().map(|at| at.0);
    rows.extend([
        ("Secret", secret(&chain.secret)),
        ("Row", row(&chain.token, status.token_id)),
        ("Service", service(&chain.service)),
        ("Address", status.endpoint.clone().unwrap_or_else(|| "none yet".to_owned())),
        (
            "Last use",
            last_use.map_or_else(|| "none seen".to_owned(), |at| format!("{at} ({} ago)", ago(at, now))),
        ),
    ]);
    let mut lines: Vec<String> = rows.iter().map(|(label, value)| format!("{label:<10} {value}")).collect();
    lines.extend(events(&chain.events, now));
    lines.join("\n") + "\n"
}

fn readiness(token: &McpToken) -> String {
    if ready::is_ready(token) { "yes".to_owned() } else { format!("no: {}", ready::why_not(token)) }
}

fn user(user: Option<&str>, org: Option<&str>) -> String {
    match (user, org) {
        (Some(user), Some(org)) => format!("{user}, organisation {org}"),
        (Some(user), None) => user.to_owned(),
        (None, _) => "not resolved yet".to_owned(),
    }
}

fn secret(secret: &Seen<SecretFacts>) -> String {
    match secret {
        Seen::Found(facts) if !facts.owned => format!("{}, which belongs to something else", facts.name),
        Seen::Found(facts) => match &facts.serial {
            Some(serial) => format!("{}, holds token number {serial}", facts.name),
            None => facts.name.clone(),
        },
        Seen::Absent => "none".to_owned(),
        Seen::Unknown(why) => why.clone(),
    }
}

fn row(token: &McpToken, id: Option<i32>) -> String {
    let number = id.map_or_else(|| "none".to_owned(), |id| id.to_string());
    match ready::condition(token, "RowReady") {
        Some(row) => format!("{number}: {} ({})", row.message, row.reason),
        None => format!("{number}: the operator says nothing of it"),
    }
}

fn service(service: &Seen<ServiceFacts>) -> String {
    match service {
        Seen::Found(facts) => {
            let pods = match &facts.ready {
                Seen::Found(count) => format!("{count} ready behind it"),
                Seen::Absent => "nothing behind it".to_owned(),
                Seen::Unknown(why) => why.clone(),
            };
            format!("{}/{} ({}), {pods}", facts.namespace, facts.name, facts.type_)
        }
        Seen::Absent => "none".to_owned(),
        Seen::Unknown(why) => why.clone(),
    }
}

fn events(events: &Seen<Vec<EventFacts>>, now: Timestamp) -> Vec<String> {
    match events {
        Seen::Found(all) if all.is_empty() => vec!["Events     none in the last hour".to_owned()],
        Seen::Found(all) => {
            let line = |event: &EventFacts| {
                let age = event.at.map(|at| ago(at, now)).unwrap_or_default();
                format!("  {age:>4}  {:<7} {}: {}", event.type_, event.reason, event.message)
            };
            std::iter::once("Events".to_owned()).chain(all.iter().map(line)).collect()
        }
        Seen::Absent => Vec::new(),
        Seen::Unknown(why) => vec![format!("Events     {why}")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain() -> Chain {
        let token = serde_json::from_value(json!({
            "apiVersion": "mcp.aurora-oss.dev/v1alpha1", "kind": "McpToken",
            "metadata": {"name": "laptop", "namespace": "team", "generation": 1, "uid": "u"},
            "spec": {"user": {"id": "1"}},
            "status": {"observedGeneration": 1, "serial": 2, "tokenId": 7, "tokenPreview": "aurora_mcp_abcdef...",
                "user": "alice@alpha.example", "orgId": "a1fa", "lastUsedAt": "2026-01-01T00:00:00Z",
                "conditions": [
                    {"type": "Ready", "status": "True", "reason": "Ready", "message": "",
                     "lastTransitionTime": "2026-01-01T00:00:00Z"},
                    {"type": "RowReady", "status": "True", "reason": "RowActive", "message": "known",
                     "lastTransitionTime": "2026-01-01T00:00:00Z"}]},
        }))
        .unwrap();
        let service = ServiceFacts {
            name: "mcp".into(),
            namespace: "aurora-oss".into(),
            type_: "ClusterIP".into(),
            ready: Seen::Found(2),
        };
        Chain {
            token,
            secret: Seen::Found(SecretFacts { name: "laptop".into(), serial: Some("2".into()), owned: true }),
            service: Seen::Found(service),
            events: Seen::Unknown("you may not see it".into()),
        }
    }

    #[test]
    fn each_link_has_a_line() {
        let shown = text(&chain(), "2026-01-01T00:05:00Z".parse().unwrap());
        for line in [
            "McpToken   team/laptop",
            "Ready      yes",
            "User       alice@alpha.example, organisation a1fa",
            "Token      aurora_mcp_abcdef..., number 2 of this McpToken",
            "Secret     laptop, holds token number 2",
            "Row        7: known (RowActive)",
            "Service    aurora-oss/mcp (ClusterIP), 2 ready behind it",
            "Last use   2026-01-01T00:00:00Z (5m ago)",
            "Events     you may not see it",
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
        }
    }

    #[test]
    fn foreign_secret_is_told() {
        let mut chain = chain();
        chain.secret = Seen::Found(SecretFacts { name: "laptop".into(), serial: None, owned: false });
        assert!(text(&chain, Timestamp::UNIX_EPOCH).contains("belongs to something else"));
    }

    #[test]
    fn document_has_every_link() {
        let document = document(&chain());
        assert_eq!(document["ready"], json!(true));
        assert_eq!(document["service"]["found"]["ready"]["found"], json!(2));
        assert_eq!(document["events"], json!({"unknown": "you may not see it"}));
    }
}
