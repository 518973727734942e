//! `GET /api/routes`: the route catalogue (contract §7).

use serde::Deserialize;

use super::call::Call;
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

    /// The route is at `path` or further down; a placeholder stands for any segment.
    pub fn is_at_or_below(&self, path: &str) -> bool {
        fn segments(path: &str) -> impl Iterator<Item = &str> {
            path.split('/').filter(|segment| !segment.is_empty())
        }
        let mut own = segments(&self.path);
        segments(path)
            .all(|wanted| own.next().is_some_and(|segment| segment == wanted || segment.starts_with('<')))
    }
}

impl AsUser<'_> {
    /// All routes, sorted by path; a path may occur more than once.
    pub async fn routes(&self) -> Result<Vec<Route>, AuroraError> {
        self.send(Call::get(&["api", "routes"])).await?.read()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_the_routes_at_and_below_it() {
        let route = Route { path: "/api/incidents/<incident_id>/alerts".to_owned(), methods: vec![] };
        for (path, expected) in [
            ("/", true),
            ("/api/incidents", true),
            ("/api/incidents/", true),
            ("/api/incidents/<incident_id>", true),
            ("/api/incidents/42/alerts", true),
            ("/api/incidents/42/alerts/7", false),
            ("/api/incid", false),
            ("/incidents", false),
        ] {
            assert_eq!(route.is_at_or_below(path), expected, "{path}");
        }
    }
}
