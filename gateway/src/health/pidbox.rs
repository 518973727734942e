//! Celery's remote control on the wire, as kombu writes it to Redis: names, envelope and replies.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use uuid::Uuid;

/// Celery's default `control_exchange`; Aurora sets no other.
const EXCHANGE: &str = "celery.pidbox";
const REPLY_EXCHANGE: &str = "reply.celery.pidbox";
/// Kombu joins routing key, pattern and queue by these two bytes, and queue and priority too.
const SEPARATOR: &str = "\u{6}\u{16}";
const PRIORITIES: [&str; 3] = ["3", "6", "9"];
/// The set in which workers look up where a reply goes.
pub const BINDINGS: &str = "_kombu.binding.reply.celery.pidbox";
/// Celery's default queue; Aurora has no other.
pub const QUEUE: &str = "celery";

/// One broadcast ping and the names it uses.
#[derive(Debug)]
pub struct Ping {
    /// Where it is published.
    pub channel: String,
    /// What is published.
    pub envelope: String,
    /// The list that replies are pushed to.
    pub reply_list: String,
    /// What the list is bound with, in the set [`BINDINGS`].
    pub binding: String,
    ticket: String,
}

impl Ping {
    /// A ping of all workers. The three ids must be fresh.
    pub fn new(database: i64, ticket: Uuid, reply_to: Uuid, delivery_tag: Uuid) -> Self {
        let ticket = ticket.to_string();
        let reply_list = format!("{reply_to}.{REPLY_EXCHANGE}");
        let payload = json!({
            "method": "ping", "arguments": {}, "destination": null, "pattern": null, "matcher": null,
            "ticket": ticket,
            "reply_to": { "exchange": REPLY_EXCHANGE, "routing_key": reply_to.to_string() },
        });
        let envelope = json!({
            "body": STANDARD.encode(payload.to_string()),
            "content-type": "application/json",
            "content-encoding": "utf-8",
            "headers": { "clock": 1, "expires": 0 },
            "properties": {
                "delivery_mode": 2, "delivery_info": { "exchange": EXCHANGE, "routing_key": "" },
                "priority": 0, "body_encoding": "base64", "delivery_tag": delivery_tag.to_string(),
            },
        });
        Self {
            channel: format!("/{database}.{EXCHANGE}"),
            envelope: envelope.to_string(),
            binding: format!("{reply_to}{SEPARATOR}{SEPARATOR}{reply_list}"),
            reply_list,
            ticket,
        }
    }

    /// The nodes that a reply speaks for: those that said pong to this very ping.
    pub fn nodes(&self, reply: &[u8]) -> Vec<String> {
        let Some(envelope) = serde_json::from_slice::<Value>(reply).ok() else { return Vec::new() };
        if envelope["headers"]["ticket"] != self.ticket {
            return Vec::new();
        }
        let Some(Value::Object(nodes)) = body(&envelope) else { return Vec::new() };
        nodes.into_iter().filter(|(_, result)| result["ok"] == "pong").map(|(node, _)| node).collect()
    }
}

fn body(envelope: &Value) -> Option<Value> {
    let text = envelope["body"].as_str()?;
    if envelope["properties"]["body_encoding"] == "base64" {
        return serde_json::from_slice(&STANDARD.decode(text).ok()?).ok();
    }
    serde_json::from_str(text).ok()
}

/// A list and its variants for the other priorities.
pub fn with_priorities(list: &str) -> [String; 4] {
    let [three, six, nine] = PRIORITIES.map(|priority| format!("{list}{SEPARATOR}{priority}"));
    [list.to_owned(), three, six, nine]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Captured from a Celery 5.3.6 worker.
    const REPLY: &str = r#"{"body":"eyJhdXJvcmEtcGVlckB2bSI6IHsib2siOiAicG9uZyJ9fQ==","content-encoding":"utf-8","content-type":"application/json","headers":{"ticket":"c15ca5b1-0b2c-4f4f-95c3-c2dfc341eb58","clock":11},"properties":{"delivery_mode":1,"delivery_info":{"exchange":"reply.celery.pidbox","routing_key":"965cf0fb-824b-30b5-994d-78392783d6ad"},"priority":0,"body_encoding":"base64","delivery_tag":"7b4f1453-c622-4e35-8e09-221474c74e9f"}}"#;

    fn ping() -> Ping {
        let id = |text| Uuid::parse_str(text).unwrap();
        Ping::new(
            0,
            id("c15ca5b1-0b2c-4f4f-95c3-c2dfc341eb58"),
            id("965cf0fb-824b-30b5-994d-78392783d6ad"),
            id("746d7181-889a-4802-9937-a232fcdd0215"),
        )
    }

    #[test]
    fn names_are_kombus() {
        let ping = ping();
        assert_eq!(ping.channel, "/0.celery.pidbox");
        assert_eq!(ping.reply_list, "965cf0fb-824b-30b5-994d-78392783d6ad.reply.celery.pidbox");
        assert_eq!(
            ping.binding.as_bytes(),
            b"965cf0fb-824b-30b5-994d-78392783d6ad\x06\x16\x06\x16965cf0fb-824b-30b5-994d-78392783d6ad.reply.celery.pidbox"
        );
        assert_eq!(with_priorities("q"), ["q", "q\x06\x163", "q\x06\x166", "q\x06\x169"]);
    }

    #[test]
    fn the_envelope_carries_the_payload_that_workers_know() {
        let envelope: Value = serde_json::from_str(&ping().envelope).unwrap();
        assert_eq!(envelope["properties"]["delivery_info"]["exchange"], "celery.pidbox");
        let payload = body(&envelope).unwrap();
        assert_eq!(payload["method"], "ping");
        assert_eq!(payload["destination"], Value::Null);
        assert_eq!(payload["reply_to"]["routing_key"], "965cf0fb-824b-30b5-994d-78392783d6ad");
    }

    #[test]
    fn only_pongs_to_this_ping_count() {
        let ping = ping();
        assert_eq!(ping.nodes(REPLY.as_bytes()), ["aurora-peer@vm"]);
        let other_ticket = REPLY.replace("c15ca5b1", "00000000");
        assert!(ping.nodes(other_ticket.as_bytes()).is_empty());
        let plain = REPLY
            .replace("eyJhdXJvcmEtcGVlckB2bSI6IHsib2siOiAicG9uZyJ9fQ==", r#"{\"a@b\": {\"ok\": \"pong\"}}"#)
            .replace(r#""body_encoding":"base64","#, "");
        assert_eq!(ping.nodes(plain.as_bytes()), ["a@b"]);
        let error = STANDARD.encode(r#"{"a@b": {"error": "KeyError('nosuch')"}}"#);
        let refused = REPLY.replace("eyJhdXJvcmEtcGVlckB2bSI6IHsib2siOiAicG9uZyJ9fQ==", &error);
        assert!(ping.nodes(refused.as_bytes()).is_empty());
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(ping().nodes(&bytes).is_empty());
        }
    }
}
