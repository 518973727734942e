//! Merges into JSON with comments, and keeps everything else as it stands.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstObject, CstRootNode};
use serde_json::{Map, Value};

/// The text with the wanted values in it, or why it can't be changed.
pub(super) fn merge(text: &str, wanted: &Value) -> Result<String, String> {
    let root = CstRootNode::parse(text, &options()).map_err(|error| format!("not JSON: {error}"))?;
    let object = match root.value() {
        None => root.object_value_or_set(),
        Some(value) => value.as_object().ok_or("not a JSON object")?,
    };
    if let Value::Object(wanted) = wanted {
        merge_object(&object, wanted)?;
    }
    Ok(root.to_string())
}

fn merge_object(object: &CstObject, wanted: &Map<String, Value>) -> Result<(), String> {
    for (key, value) in wanted {
        let Some(there) = object.get(key) else {
            object.append(key, input(value));
            continue;
        };
        match value {
            Value::Object(inner) => {
                let there = there.object_value().ok_or_else(|| format!("{key:?} is not an object"))?;
                merge_object(&there, inner)?;
            }
            value if there.to_serde_value().as_ref() == Some(value) => {}
            value => there.set_value(input(value)),
        }
    }
    Ok(())
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(value) => CstInputValue::Bool(*value),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(all) => CstInputValue::Array(all.iter().map(input).collect()),
        Value::Object(all) => {
            CstInputValue::Object(all.iter().map(|(key, value)| (key.clone(), input(value))).collect())
        }
    }
}

/// JSON as editors write it: comments and final commas, nothing else.
fn options() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn wanted() -> Value {
        json!({"mcpServers": {"aurora": {"url": "http://127.0.0.1:8811/mcp", "headers": {"Authorization": "Bearer x"}}}})
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        let before = r#"{
  // mine
  "editor": {"z": 1, "a": 2},
  "mcpServers": {
    "other": {"command": "npx"}, // keep
    "aurora": {"url": "http://old", "autoApprove": ["list_incidents"], "headers": {"X-Mine": "1"}},
  },
}"#;
        let after = merge(before, &wanted()).unwrap();
        for kept in [
            "// mine",
            r#""editor": {"z": 1, "a": 2}"#,
            "// keep",
            r#""autoApprove": ["list_incidents"]"#,
            "X-Mine",
        ] {
            assert!(after.contains(kept), "{kept}\n{after}");
        }
        assert!(!after.contains("http://old"), "{after}");
        assert_eq!(merge(&after, &wanted()).unwrap(), after);
    }

    #[test]
    fn empty_files_are_filled() {
        for text in ["", "  \n", "{}", "// nothing yet\n"] {
            let after = merge(text, &wanted()).unwrap();
            let value = CstRootNode::parse(&after, &options()).unwrap().to_serde_value();
            assert_eq!(value, Some(wanted()), "{text:?}");
        }
    }

    #[test]
    fn broken_and_strange_files_are_refused() {
        for text in [
            "{",
            "[]",
            "{\"mcpServers\": []}",
            "{\"mcpServers\": {\"aurora\": 1}}",
            "{'a': 1}",
            "{} {}",
            "hello",
        ] {
            assert!(merge(text, &wanted()).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_merged_for_good(text in "[\\[\\]{}\",: a-z0-9/\n]{0,40}") {
            if let Ok(after) = merge(&text, &wanted()) {
                prop_assert_eq!(merge(&after, &wanted()), Ok(after));
            }
        }
    }
}
