//! The typed client of the Aurora API. The only place that talks HTTP to Aurora.

mod answer;
mod caller;
mod chat;
mod client;
mod error;
mod events;
mod graph;
mod identifier;
mod incidents;
mod knowledge;
mod path;
mod routes;

pub use answer::Answer;
pub use caller::Caller;
pub use chat::{Session, SessionStatus};
pub use client::{AsUser, Aurora, AuroraSettings, Call, ClientError};
pub use error::AuroraError;
pub use identifier::{IdentifierError, IncidentId, SessionId};
pub use incidents::IncidentPage;
pub use path::{ApiPath, PathError};
pub use routes::Route;
