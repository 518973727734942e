//! Why a tool call failed, in words for the model that made it.

use rmcp::model::{CallToolResult, ContentBlock};

use crate::aurora::{AuroraError, IdentifierError, PathError, SegmentError};

/// A failed call. Becomes a result with `isError`, so that the model can read it and do better.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// An argument is missing or not understood.
    #[error("{0}")]
    Argument(String),
    /// An identifier is no UUID.
    #[error(transparent)]
    Identifier(#[from] IdentifierError),
    /// A name can't be part of a path.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// A path is refused.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The token or the gateway's configuration doesn't allow it.
    #[error("{0}")]
    Denied(String),
    /// The filter in `select` fails.
    #[error("select: {0}")]
    Select(String),
    /// Aurora gave no usable answer.
    #[error("{source}. {}", .source.hint())]
    Aurora {
        /// What happened.
        #[from]
        source: AuroraError,
    },
}

impl ToolError {
    /// The label in logs and metrics; a finite set.
    pub fn category(&self) -> &'static str {
        match self {
            Self::Argument(_) | Self::Identifier(_) | Self::Segment(_) | Self::Path(_) => "bad_argument",
            Self::Denied(_) => "denied",
            Self::Select(_) => "bad_select",
            Self::Aurora { source } => source.category(),
        }
    }

    /// As the client sees it.
    pub fn into_result(self) -> CallToolResult {
        CallToolResult::error(vec![ContentBlock::text(self.to_string())])
    }
}
