//! What was found when something was looked for. Not being allowed to look is an answer, too.

use serde::Serialize;

/// Something looked for in the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Seen<T> {
    /// It is there.
    Found(T),
    /// It isn't.
    Absent,
    /// It couldn't be seen, and why.
    Unknown(String),
}

impl<T> Seen<T> {
    pub(crate) fn of(answer: kube::Result<T>) -> Self {
        match answer {
            Ok(value) => Self::Found(value),
            Err(kube::Error::Api(status)) if status.code == 404 => Self::Absent,
            Err(kube::Error::Api(status)) if status.code == 403 => {
                Self::Unknown(format!("you may not see it: {}", status.message))
            }
            Err(error) => Self::Unknown(error.to_string()),
        }
    }

    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Seen<U> {
        match self {
            Self::Found(value) => Seen::Found(change(value)),
            Self::Absent => Seen::Absent,
            Self::Unknown(why) => Seen::Unknown(why),
        }
    }
}
