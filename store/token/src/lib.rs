//! What a token is: its text, its digest, its owner's names and the access it carries. Pure: no I/O, no clock.

mod access;
mod bearer;
mod digest;
mod ids;
mod tools;

pub use access::{Access, ApiRule, Mode};
pub use bearer::{Bearer, BearerError, TOKEN_PREFIX, TokenBytes};
pub use digest::{DigestError, TokenDigest};
pub use ids::{OrgId, TokenId, UserId};
pub use tools::TOOLS;
