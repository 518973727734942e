//! Identifiers that go into paths of the Aurora API: mostly UUIDs, and names that must stay one segment.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// Text that is not a UUID. The message is meant for the model that sent it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {form}; {source_of_ids} shows it")]
pub struct IdentifierError {
    what: &'static str,
    form: &'static str,
    source_of_ids: &'static str,
}

const UUID: &str = "a UUID such as 0f8fad5b-d9cb-469f-a165-70867728950e";

/// An incident. Upper case, a missing dash and spaces around are forgiven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncidentId(Uuid);

/// A chat session about an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionId(Uuid);

/// One of the organisation's actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActionId(Uuid);

/// An agent that took part in an investigation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentId(String);

fn parse(text: &str) -> Option<Uuid> {
    let text = text.trim();
    let plain = text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    Uuid::try_parse(text).ok().filter(|_| plain)
}

macro_rules! identifier {
    ($type:ident, $what:literal, $source:literal) => {
        impl FromStr for $type {
            type Err = IdentifierError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                parse(text).map(Self).ok_or(IdentifierError {
                    what: $what,
                    form: UUID,
                    source_of_ids: $source,
                })
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    };
}

identifier!(IncidentId, "incident_id", "list_incidents");
identifier!(SessionId, "session_id", "the result of ask_incident");
identifier!(ActionId, "action_id", "list_actions");

impl FromStr for AgentId {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        if plain && (1..=64).contains(&text.len()) {
            return Ok(Self(text.to_owned()));
        }
        Err(IdentifierError {
            what: "agent_id",
            form: "1 to 64 letters, digits, - and _, such as sa_1",
            source_of_ids: "incident_findings",
        })
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CANONICAL: &str = "1ac1de00-0000-4000-8000-000000000001";

    #[test]
    fn spellings_of_one_uuid_are_one_id() {
        for text in [
            CANONICAL,
            "1AC1DE00-0000-4000-8000-000000000001",
            "1ac1de00000040008000000000000001",
            "  1ac1de00-0000-4000-8000-000000000001\n",
        ] {
            assert_eq!(text.parse::<IncidentId>().unwrap().to_string(), CANONICAL, "{text:?}");
        }
    }

    #[test]
    fn anything_else_is_refused_and_says_what_would_be_right() {
        let long = "a".repeat(10_000);
        for text in [
            "",
            "42",
            "../../chat_api/sessions",
            "recent-unlinked",
            "1ac1de00-0000-4000-8000-000000000001/alerts",
            "1ac1de00-0000-4000-8000-000000000001?x=1",
            "1ac1de00-0000-4000-8000-000000000001#x",
            "1ac1de00-0000-4000-8000-00000000000g",
            "{1ac1de00-0000-4000-8000-000000000001}",
            "urn:uuid:1ac1de00-0000-4000-8000-000000000001",
            "1ac1de00-0000-4000-8000-000000000001%00",
            "１ac1de00-0000-4000-8000-000000000001",
            &long,
        ] {
            let error = text.parse::<IncidentId>().unwrap_err();
            assert!(error.to_string().starts_with("incident_id must be a UUID"), "{text:?}");
        }
    }

    #[test]
    fn an_agents_id_is_one_plain_word() {
        assert_eq!(" sa_1 ".parse::<AgentId>().unwrap().to_string(), "sa_1");
        for text in ["", "a b", "..", "a/b", "sa%2f1", "ä", &"a".repeat(65)] {
            assert!(text.parse::<AgentId>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn an_accepted_id_is_always_36_plain_characters(text in "\\PC{0,60}") {
            if let Ok(id) = text.parse::<IncidentId>() {
                let id = id.to_string();
                prop_assert_eq!(id.len(), 36);
                prop_assert!(id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-'));
            }
        }
    }
}
