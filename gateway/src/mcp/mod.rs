//! MCP over streamable HTTP: stateless, one endpoint for every revision of the protocol.
//!
//! A message is read once ([`envelope`]), checked against its headers ([`era`]), turned into rmcp's typed request
//! ([`request`]) and handed to the handler ([`server`]) directly, without a service or task per request ([`endpoint`]).

mod audit;
mod cancelling;
mod completion;
mod endpoint;
mod envelope;
mod era;
#[cfg(feature = "conformance-fixtures")]
mod fixtures;
mod negotiation;
mod prompts;
mod request;
mod scope;
mod server;
mod stream;
mod subscriptions;

pub use endpoint::Endpoint;
pub use scope::Scope;
pub use server::AuroraMcp;
