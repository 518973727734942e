//! Identifiers that go into paths of the Aurora API. All of them are UUIDs.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// Text that is not a UUID. The message is meant for the model that sent it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be a UUID such as 0f8fad5b-d9cb-469f-a165-70867728950e; list_incidents shows the ids")]
pub struct IdentifierError {
    what: &'static str,
}

/// An incident. Upper case, a missing dash and spaces around are forgiven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncidentId(Uuid);

/// A chat session about an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionId(Uuid);

fn parse(text: &str, what: &'static str) -> Result<Uuid, IdentifierError> {
    let text = text.trim();
    let plain = text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    Uuid::try_parse(text).ok().filter(|_| plain).ok_or(IdentifierError { what })
}

macro_rules! identifier {
    ($type:ident, $what:literal) => {
        impl FromStr for $type {
            type Err = IdentifierError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                parse(text, $what).map(Self)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    };
}

identifier!(IncidentId, "incident_id");
identifier!(SessionId, "session_id");

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
