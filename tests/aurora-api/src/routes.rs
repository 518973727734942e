//! The route table of the captured Aurora: which rule a path meets, and what the rule asks for.

use http::Method;
use serde::Deserialize;

/// One rule of Flask's URL map.
#[derive(Debug, Deserialize)]
pub struct Route {
    /// Flask's placeholder syntax: `<id>`, `<int:id>`, `<path:rest>`.
    pub path: String,
    pub methods: Vec<String>,
    /// Casbin permissions, `auth-only`, or nothing.
    pub perm: Vec<String>,
    /// Reachable without the internal secret.
    pub open: bool,
}

/// How a request relates to the table.
#[derive(Debug)]
pub enum Match<'a> {
    Route(&'a Route, Vec<String>),
    /// The path exists, the method does not; the methods that do.
    WrongMethod(Vec<String>),
    /// The rule ends in a slash and the path does not.
    MissingSlash,
    None,
}

/// Finds the rule for a decoded path. Static segments win over placeholders, as in werkzeug.
pub fn find<'a>(routes: &'a [Route], method: &Method, path: &str) -> Match<'a> {
    let mut hits: Vec<(&Route, Vec<String>)> =
        routes.iter().filter_map(|route| Some((route, arguments(&route.path, path)?))).collect();
    hits.sort_by_key(|(_, arguments)| arguments.len());
    let fewest = hits.first().map_or(0, |(_, arguments)| arguments.len());
    let wanted = if method == Method::HEAD { "GET" } else { method.as_str() };
    if let Some(at) = hits.iter().position(|(route, _)| route.methods.iter().any(|name| name == wanted)) {
        let (route, arguments) = hits.swap_remove(at);
        return Match::Route(route, arguments);
    }
    if !hits.is_empty() {
        let closest = hits.iter().filter(|(_, arguments)| arguments.len() == fewest);
        let mut methods: Vec<String> = closest.flat_map(|(route, _)| route.methods.clone()).collect();
        methods.push("OPTIONS".to_owned());
        methods.dedup();
        return Match::WrongMethod(methods);
    }
    let slashed = format!("{path}/");
    if routes.iter().any(|route| route.path == slashed) { Match::MissingSlash } else { Match::None }
}

/// Whether the path meets the rule.
pub fn meets(rule: &str, path: &str) -> bool {
    arguments(rule, path).is_some()
}

/// The values of the placeholders when the path meets the rule.
fn arguments(rule: &str, path: &str) -> Option<Vec<String>> {
    let rule: Vec<&str> = rule.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    meet(&rule, &path)
}

fn meet(rule: &[&str], path: &[&str]) -> Option<Vec<String>> {
    let (Some(want), rest) = (rule.first(), rule.get(1..)?) else { return None };
    let have = path.first()?;
    if want.starts_with("<path:") {
        return (1..=path.len()).rev().find_map(|taken| {
            let value = path[..taken].join("/");
            let mut found =
                if rest.is_empty() && taken == path.len() { vec![] } else { meet(rest, &path[taken..])? };
            found.insert(0, value);
            Some(found)
        });
    }
    let value = match want.strip_prefix("<int:") {
        Some(_) => Some(have.bytes().all(|byte| byte.is_ascii_digit()).then_some(*have)?),
        None if want.starts_with('<') => Some(*have),
        None => (want == have).then_some(None)?,
    };
    if value.is_some_and(str::is_empty) {
        return None;
    }
    let mut found = if rest.is_empty() && path.len() == 1 { vec![] } else { meet(rest, &path[1..])? };
    if let Some(value) = value {
        found.insert(0, value.to_owned());
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_meet_paths_as_in_werkzeug() {
        let cases: &[(&str, &str, Option<&[&str]>)] = &[
            ("/api/x", "/api/x", Some(&[])),
            ("/api/x", "/api/x/", None),
            ("/api/x", "/api", None),
            ("/a/<id>", "/a/1", Some(&["1"])),
            ("/a/<id>", "/a/", None),
            ("/a/<id>/b", "/a/1/b", Some(&["1"])),
            ("/a/<int:id>", "/a/x", None),
            ("/a/<int:id>", "/a/7", Some(&["7"])),
            ("/a/<path:rest>/b", "/a/1/2/b", Some(&["1/2"])),
            ("/a/<path:rest>", "/a/1/2", Some(&["1/2"])),
            ("/", "/", Some(&[])),
        ];
        for (rule, path, expected) in cases {
            let expected =
                expected.map(|values| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>());
            assert_eq!(arguments(rule, path), expected, "{rule} {path}");
        }
    }

    #[test]
    fn static_rule_wins_and_wrong_method_names_the_right_ones() {
        let routes: Vec<Route> = serde_json::from_value(serde_json::json!([
            {"path": "/a/<id>", "methods": ["GET"], "perm": [], "open": false},
            {"path": "/a/recent", "methods": ["GET"], "perm": [], "open": false},
            {"path": "/a/search", "methods": ["POST"], "perm": [], "open": false},
            {"path": "/h/", "methods": ["GET"], "perm": [], "open": true},
        ]))
        .unwrap();
        assert!(
            matches!(find(&routes, &Method::GET, "/a/recent"), Match::Route(route, _) if route.path == "/a/recent")
        );
        assert!(
            matches!(find(&routes, &Method::HEAD, "/a/7"), Match::Route(_, arguments) if arguments == ["7"])
        );
        assert!(
            matches!(find(&routes, &Method::PUT, "/a/7"), Match::WrongMethod(methods) if methods == ["GET", "OPTIONS"])
        );
        assert!(matches!(find(&routes, &Method::GET, "/h"), Match::MissingSlash));
        assert!(matches!(find(&routes, &Method::GET, "/zzz"), Match::None));
    }
}
