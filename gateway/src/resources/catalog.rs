//! The API catalogue as text, grouped so that a model finds its way.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::aurora::Route;

/// One line per path with its methods, by area.
pub fn render<'a>(routes: impl IntoIterator<Item = &'a Route>) -> String {
    let mut groups: BTreeMap<&str, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    for route in routes {
        let methods = groups.entry(route.area()).or_default().entry(&route.path).or_default();
        methods.extend(route.methods.iter().map(String::as_str));
    }
    let mut text =
        String::from("Aurora API. <name> in a path is a parameter. Call with the tool aurora_api.\n");
    for (group, paths) in groups {
        let _ = write!(text, "\n{group}\n");
        for (path, methods) in paths {
            let methods: Vec<&str> = methods.into_iter().collect();
            let _ = writeln!(text, "  {:<24} {path}", methods.join(" "));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_grouped_and_methods_of_one_path_joined() {
        let route = |path: &str, methods: &[&str]| Route {
            path: path.to_owned(),
            methods: methods.iter().map(|method| (*method).to_owned()).collect(),
        };
        let text = render(&[
            route("/api/incidents", &["GET"]),
            route("/api/incidents/<incident_id>", &["GET"]),
            route("/api/incidents/<incident_id>", &["PATCH"]),
            route("/health/", &["GET"]),
            route("/", &["GET"]),
        ]);
        assert!(text.contains("\nincidents\n  GET                      /api/incidents\n"), "{text}");
        assert!(text.contains("  GET PATCH                /api/incidents/<incident_id>\n"), "{text}");
        assert!(text.contains("\nhealth\n"), "{text}");
    }
}
