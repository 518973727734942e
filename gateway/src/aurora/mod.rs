//! The typed client of the Aurora API. The only place that talks HTTP to Aurora.

mod actions;
mod answer;
mod call;
mod caller;
mod chat;
mod client;
mod connectors;
mod error;
mod events;
mod graph;
mod identifier;
mod incidents;
mod knowledge;
mod path;
mod providers;
mod routes;
mod said;
mod segment;
mod tenancy;
mod transport;

pub use answer::Answer;
pub use call::Call;
pub use caller::Caller;
pub use chat::{Session, SessionStatus};
pub use client::{AsUser, Aurora, AuroraSettings, ClientError};
pub use connectors::Connectors;
pub use error::AuroraError;
pub use graph::ServiceFilter;
pub use identifier::{ActionId, AgentId, IdentifierError, IncidentId, SessionId};
pub use incidents::{IncidentPage, Investigation};
pub use path::{ApiPath, PathError};
pub use providers::Span;
pub use routes::Route;
pub use said::Said;
pub use segment::{Segment, SegmentError};
