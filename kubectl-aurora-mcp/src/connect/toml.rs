//! Merges into TOML, and keeps everything else as it stands.

use serde_json::{Map, Value as Json};
use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value};

/// The text with the wanted values in it, or why it can't be changed.
pub(super) fn merge(text: &str, wanted: &Json) -> Result<String, String> {
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| format!("not TOML: {}", error.message()))?;
    if let Json::Object(wanted) = wanted {
        merge_table(document.as_table_mut(), wanted, 0)?;
    }
    Ok(document.to_string())
}

fn merge_table(table: &mut dyn TableLike, wanted: &Map<String, Json>, depth: usize) -> Result<(), String> {
    for (key, value) in wanted {
        match value {
            Json::Object(inner) => {
                let there = table.entry(key).or_insert_with(|| empty(depth));
                let there = there.as_table_like_mut().ok_or_else(|| format!("{key:?} is not a table"))?;
                merge_table(there, inner, depth + 1)?;
            }
            Json::String(text) => {
                let same = table.get(key).and_then(Item::as_str) == Some(text.as_str());
                if !same {
                    table.insert(key, Item::Value(Value::from(text.as_str())));
                }
            }
            other => return Err(format!("{key:?} can't be {other}")),
        }
    }
    Ok(())
}

/// `[mcp_servers.aurora]` has a headline of its own; what is in it, none.
fn empty(depth: usize) -> Item {
    let mut table = Table::new();
    table.set_implicit(depth == 0);
    if depth < 2 { Item::Table(table) } else { Item::Value(Value::InlineTable(InlineTable::new())) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wanted() -> Json {
        json!({"mcp_servers": {"aurora": {"url": "http://127.0.0.1:8811/mcp", "http_headers": {"Authorization": "Bearer x"}}}})
    }

    #[test]
    fn entry_is_as_codex_documents_it() {
        assert_eq!(
            merge("", &wanted()).unwrap(),
            "[mcp_servers.aurora]\nhttp_headers = { Authorization = \"Bearer x\" }\nurl = \"http://127.0.0.1:8811/mcp\"\n"
        );
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        let before = "# mine\nmodel = \"o3\" # keep\n\n[mcp_servers.other]\ncommand = \"npx\"\n\n[mcp_servers.aurora]\nurl = \"http://old\"\nstartup_timeout_sec = 20\n";
        let after = merge(before, &wanted()).unwrap();
        for kept in ["# mine\nmodel = \"o3\" # keep\n", "command = \"npx\"", "startup_timeout_sec = 20"] {
            assert!(after.contains(kept), "{kept}\n{after}");
        }
        assert!(!after.contains("http://old"), "{after}");
        assert_eq!(merge(&after, &wanted()).unwrap(), after);
    }

    #[test]
    fn broken_and_strange_files_are_refused() {
        for text in ["[", "a = ", "mcp_servers = 1", "[mcp_servers]\naurora = \"x\"\n", "a = 1\na = 2\n"] {
            assert!(merge(text, &wanted()).is_err(), "{text}");
        }
    }
}
