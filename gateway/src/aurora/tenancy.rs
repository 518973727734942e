//! Routes that Aurora answers without looking at the organisation (contract §1 #8).
//!
//! The findings of an incident are found by its id alone where the database role bypasses row-level security. The
//! incident itself isn't, so it is asked for first, whichever tool sends the request.

use super::ApiPath;

/// The incident whose organisation has to be checked before a request for `path` is sent.
pub fn unchecked_incident(path: &ApiPath) -> Option<ApiPath> {
    let segments: Vec<&str> = path.segments().collect();
    match segments.as_slice() {
        ["api", "incidents", incident, "findings", ..] => Some(ApiPath::of(&["api", "incidents", incident])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_recognised_in_every_spelling() {
        for (text, checked) in [
            ("/api/incidents/x/findings", Some("/api/incidents/x")),
            ("/api/incidents/x/findings/", Some("/api/incidents/x")),
            ("/api/incidents/x/findings/sa_1", Some("/api/incidents/x")),
            ("/api/incidents/x/%66indings", Some("/api/incidents/x")),
            ("/api/incidents%2Fx%2Ffindings", Some("/api/incidents/x")),
            ("/api/incidents/x", None),
            ("/api/incidents/x/alerts", None),
            ("/api/incidents/findings", None),
        ] {
            let found = unchecked_incident(&ApiPath::parse(text).unwrap());
            assert_eq!(found.as_ref().map(ApiPath::as_str), checked, "{text}");
        }
    }
}
