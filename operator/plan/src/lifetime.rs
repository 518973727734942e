//! When a token ends and when it is replaced.

use aurora_mcp_crds::McpTokenSpec;
use jiff::{SignedDuration, Timestamp};

const DEFAULT_OVERLAP: SignedDuration = SignedDuration::from_hours(1);

/// What the spec says about time, read once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lifetime {
    pub(crate) ends: Ends,
    pub(crate) interval: Option<SignedDuration>,
    pub(crate) overlap: SignedDuration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    Never,
    At(Timestamp),
    After(SignedDuration),
}

impl Lifetime {
    /// Reads the spec. The schema refuses most of what can't be read; an older schema may have let it pass.
    pub(crate) fn read(spec: &McpTokenSpec) -> Result<Self, String> {
        let ends = match (&spec.expires_at, &spec.ttl) {
            (Some(at), _) => Ends::At(at.0),
            (None, Some(ttl)) => Ends::After(duration("ttl", ttl)?),
            (None, None) => Ends::Never,
        };
        let Some(rotation) = &spec.rotation else {
            return Ok(Self { ends, interval: None, overlap: DEFAULT_OVERLAP });
        };
        let interval = duration("rotation.interval", &rotation.interval)?;
        let overlap = match &rotation.overlap {
            Some(overlap) => duration("rotation.overlap", overlap)?,
            None => DEFAULT_OVERLAP.min(interval / 2),
        };
        Ok(Self { ends, interval: Some(interval), overlap })
    }

    pub(crate) fn expires_at(&self, issued_at: Timestamp) -> Option<Timestamp> {
        match self.ends {
            Ends::Never => None,
            Ends::At(at) => Some(at),
            Ends::After(ttl) => issued_at.checked_add(ttl).ok(),
        }
    }

    pub(crate) fn rotates_at(&self, issued_at: Timestamp) -> Option<Timestamp> {
        self.interval.and_then(|interval| issued_at.checked_add(interval).ok())
    }

    /// Why a token made at `issued_at` would live longer than the administrator allows.
    pub(crate) fn exceeds(&self, issued_at: Timestamp, max: SignedDuration) -> Option<String> {
        let life = match self.ends {
            Ends::Never => None,
            Ends::At(at) => Some(at.duration_since(issued_at)),
            Ends::After(ttl) => Some(ttl),
        };
        if life.is_some_and(|life| life <= max) {
            return None;
        }
        Some(format!("tokens may live at most {max:#} here: set spec.ttl, or an earlier spec.expiresAt"))
    }
}

fn duration(field: &str, text: &str) -> Result<SignedDuration, String> {
    match text.parse::<SignedDuration>() {
        Ok(duration) if duration >= SignedDuration::ZERO => Ok(duration),
        _ => {
            Err(format!("spec.{field} is {text:?}: write hours, minutes and seconds, such as 720h or 1h30m"))
        }
    }
}
