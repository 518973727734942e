//! `GET /api/routes`: the route catalogue (contract §7).

use serde::Deserialize;

use super::client::Call;
use super::{AsUser, AuroraError};

/// One rule of Flask's routing table.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Route {
    /// With Flask's placeholders, such as `/api/incidents/<incident_id>`.
    pub path: String,
    /// Upper case, without HEAD and OPTIONS.
    pub methods: Vec<String>,
}

impl Route {
    /// The first segments, which name what it is about: `incidents` of `/api/incidents/<id>`, `jira` of `/jira/search`.
    pub fn area(&self) -> &str {
        let mut segments = self.path.split('/').filter(|segment| !segment.is_empty());
        match (segments.next(), segments.next()) {
            (Some("api"), Some(area)) | (Some(area), _) => area,
            (None, _) => "/",
        }
    }
}

impl AsUser<'_> {
    /// All routes, sorted by path; a path may occur more than once.
    pub async fn routes(&self) -> Result<Vec<Route>, AuroraError> {
        self.send(Call::get(&["api", "routes"])).await?.read()
    }
}
