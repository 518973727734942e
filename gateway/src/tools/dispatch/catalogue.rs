//! The catalogue, read from `catalogue.txt`: a name, a request, its arguments.

use std::sync::LazyLock;

use http::Method;

use super::super::{CallContext, argument};
use crate::aurora::ApiPath;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::read(include_str!("catalogue.txt")));

/// What `call_tool` may send.
#[derive(Debug)]
pub struct Catalogue {
    entries: Vec<Entry>,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Entry {
    /// As the caller names it.
    pub name: &'static str,
    /// What it is about, in a word.
    pub category: &'static str,
    /// What has to be connected for it.
    pub connector: Option<&'static str>,
    /// How it is sent.
    pub method: Method,
    /// Where; `{name}` stands for an argument.
    pub path: &'static str,
    /// Those that are not in the path.
    pub arguments: Vec<Argument>,
    /// For whom it is of use.
    pub about: &'static str,
}

/// An argument of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// As Aurora's route reads it.
    pub name: &'static str,
    /// Other names that are taken for it.
    pub also: Vec<&'static str>,
    /// The member of the body that it belongs into.
    pub inside: Option<&'static str>,
    /// It must be given.
    pub required: bool,
}

impl Catalogue {
    /// The one there is.
    pub fn get() -> &'static Self {
        &CATALOGUE
    }

    fn read(text: &'static str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Self { entries: lines.filter_map(entry).collect() }
    }

    /// All entries.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry with this name.
    pub fn find(&self, name: &str) -> Option<&Entry> {
        let names: Vec<&str> = self.entries.iter().map(|entry| entry.name).collect();
        let name = argument::closest(&names, name.trim())?;
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// All categories, each once.
    pub fn categories(&self) -> Vec<&'static str> {
        let mut all = Vec::new();
        for entry in &self.entries {
            if !all.contains(&entry.category) {
                all.push(entry.category);
            }
        }
        all
    }
}

impl Entry {
    /// The arguments that stand in the path, in order.
    pub fn in_path(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(placeholder)
    }

    /// The path with its placeholders, to hold against rules: a `*` of a rule stands for a placeholder as well.
    pub fn pattern(&self) -> ApiPath {
        ApiPath::of(&self.path.split('/').filter(|segment| !segment.is_empty()).collect::<Vec<_>>())
    }

    /// Neither the token nor the configuration forbids it.
    pub fn permitted(&self, context: &CallContext<'_>) -> bool {
        let path = self.pattern();
        !context.aurora.denies(&self.method, &path) && context.access.permits_request(&self.method, &path)
    }

    /// All names that are understood, those of the path first.
    pub fn names(&self) -> Vec<&'static str> {
        self.in_path().chain(self.arguments.iter().map(|argument| argument.name)).collect()
    }

    /// Where arguments go that are not in the path.
    pub fn has_body(&self) -> bool {
        matches!(self.method, Method::POST | Method::PUT | Method::PATCH)
    }
}

/// The name in `{name}`.
pub fn placeholder(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

fn entry(line: &'static str) -> Option<Entry> {
    let mut columns = line.splitn(6, '|').map(str::trim);
    let mut next = || columns.next();
    let (name, category, connector, request) = (next()?, next()?, next()?, next()?);
    let (arguments, about) = (next()?, next()?);
    let (method, path) = request.split_once(' ')?;
    Some(Entry {
        name,
        category,
        connector: Some(connector).filter(|name| *name != "-"),
        method: method.parse().ok()?,
        path,
        arguments: arguments.split_whitespace().map(argument).collect(),
        about,
    })
}

/// `name`, then in any number `!`, `=other name`, `>member of the body`.
fn argument(text: &'static str) -> Argument {
    let (text, inside) = text.split_once('>').map_or((text, None), |(text, inside)| (text, Some(inside)));
    let mut names = text.split('=');
    let name = names.next().unwrap_or_default();
    Argument {
        name: name.trim_end_matches('!'),
        also: names.collect(),
        inside,
        required: name.ends_with('!'),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Aurora's own route table, as it was captured.
    const ROUTES: &str = include_str!("../../../../tests/aurora-api/samples/routes_with_permissions.json");

    #[test]
    fn every_line_of_the_table_is_an_entry_with_a_name_of_its_own() {
        let entries = Catalogue::get().entries();
        let lines = include_str!("catalogue.txt").lines().filter(|line| !line.starts_with('#')).count();
        let names: BTreeSet<_> = entries.iter().map(|entry| entry.name).collect();
        assert_eq!((entries.len(), names.len(), lines), (82, 82, 82));
        for entry in entries {
            let arguments: BTreeSet<_> = entry.names().into_iter().collect();
            assert_eq!(arguments.len(), entry.names().len(), "{entry:?}");
            assert!(
                arguments.iter().all(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_')),
                "{entry:?}"
            );
            assert!(entry.about.ends_with('.') && entry.about.len() < 200, "{entry:?}");
        }
    }

    #[test]
    fn every_request_is_a_route_of_aurora() {
        let routes: serde_json::Value = serde_json::from_str(ROUTES).unwrap();
        let known = |entry: &Entry| {
            routes.as_array().unwrap().iter().any(|route| {
                let method = |name: &serde_json::Value| name == entry.method.as_str();
                same(entry.path, route["path"].as_str().unwrap())
                    && route["methods"].as_array().unwrap().iter().any(method)
            })
        };
        for entry in Catalogue::get().entries() {
            assert!(known(entry), "{} {}", entry.method, entry.path);
        }
    }

    fn same(ours: &str, theirs: &str) -> bool {
        let plain = |path: &str| -> Vec<String> {
            let variable = |segment: &str| segment.starts_with(['<', '{']);
            path.split('/')
                .map(|part| if variable(part) { "*".to_owned() } else { part.to_owned() })
                .collect()
        };
        plain(ours) == plain(theirs)
    }

    /// Aurora's own guard at its start.
    #[test]
    fn nothing_runs_commands_or_changes_infrastructure() {
        for entry in Catalogue::get().entries() {
            for word in [
                "terraform",
                "iac_",
                "terminal",
                "cloud_exec",
                "ssh",
                "cloudflare",
                "shell",
                "kubectl",
                "token",
            ] {
                assert!(!entry.name.contains(word) && !entry.path.contains(word), "{}", entry.name);
            }
        }
    }

    #[test]
    fn arguments_are_read_with_all_their_marks() {
        let read = argument("projectKey!=project=key>fields");
        let expected = Argument {
            name: "projectKey",
            also: vec!["project", "key"],
            inside: Some("fields"),
            required: true,
        };
        assert_eq!(read, expected);
        assert_eq!(
            argument("limit"),
            Argument { name: "limit", also: vec![], inside: None, required: false }
        );
    }

    #[test]
    fn names_are_found_in_any_spelling() {
        let find = |name: &str| Catalogue::get().find(name).map(|entry| entry.name);
        assert_eq!(find(" Jira-Create-Issue "), Some("jira_create_issue"));
        assert_eq!(find("jira"), None);
        assert!(Catalogue::get().categories().contains(&"ticketing"));
    }
}
