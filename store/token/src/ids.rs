//! Names of rows: a token, a user, an organisation. Distinct types, so that one can't stand in for another.

use std::fmt;

/// `mcp_tokens.id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenId(pub i32);

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as the database has it.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text as the database has it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

text_id! {
    /// `users.id`, mostly a UUID, kept as Aurora writes it.
    UserId
}
text_id! {
    /// `organizations.id`.
    OrgId
}
