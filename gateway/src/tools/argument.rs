//! Reading arguments as models write them: numbers as strings, stray spaces, JSON inside a string.

use rmcp::model::{JsonObject, Tool as Definition};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::ToolError;

/// Reads the arguments of a tool; an error names the argument.
pub fn read<T: DeserializeOwned>(arguments: JsonObject) -> Result<T, ToolError> {
    serde_path_to_error::deserialize(Value::Object(arguments)).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner().to_string();
        ToolError::Argument(if path == "." { inner } else { format!("{path}: {inner}") })
    })
}

/// Gives arguments the names of the tool's schema: `incidentId` is taken for `incident_id`. Any other name is refused:
/// ignored, it would change the meaning of the call.
pub fn named(tool: &Definition, arguments: JsonObject) -> Result<JsonObject, ToolError> {
    let known = tool.input_schema.get("properties").and_then(Value::as_object);
    let names: Vec<&str> = known.into_iter().flat_map(JsonObject::keys).map(String::as_str).collect();
    let mut renamed = JsonObject::new();
    for (name, value) in arguments {
        let Some(right) = closest(&names, &name) else { return Err(unknown(&tool.name, &names, &name)) };
        if renamed.insert(right.to_owned(), value).is_some() {
            return Err(ToolError::Argument(format!("{right} is given twice, in different spellings")));
        }
    }
    Ok(renamed)
}

/// The known name that `written` is, apart from capitals, dashes and underscores.
pub fn closest<'a>(names: &[&'a str], written: &str) -> Option<&'a str> {
    let plain = |name: &str| name.replace(['_', '-', ' '], "").to_ascii_lowercase();
    let exact = names.iter().find(|name| **name == written);
    exact.or_else(|| names.iter().find(|name| plain(name) == plain(written))).copied()
}

/// Says which arguments there are.
pub fn unknown(tool: &str, names: &[&str], written: &str) -> ToolError {
    let written: String = written.chars().take(80).collect();
    let takes = if names.is_empty() { "no arguments".to_owned() } else { names.join(", ") };
    ToolError::Argument(format!("unknown argument {written:?}: {tool} takes {takes}"))
}

/// A whole number, also as `"20"` or `20.0`. An empty string and null count as absent.
pub fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let read = match &value {
        Value::Null => return Ok(None),
        Value::String(text) if text.trim().is_empty() => return Ok(None),
        Value::String(text) => whole(text.trim().parse::<f64>().ok()),
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64())),
        _ => None,
    };
    read.map(Some).ok_or_else(|| D::Error::custom(format!("expected a whole number, got {value}")))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the range is checked, and a saturated number is clamped anyway"
)]
fn whole(number: Option<f64>) -> Option<i64> {
    number.filter(|number| number.is_finite() && number.fract() == 0.0).map(|number| number as i64)
}

/// Text without spaces around it; a number or boolean is taken as it is written. Empty text counts as absent.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = match Value::deserialize(deserializer)? {
        Value::Null => return Ok(None),
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        other => return Err(D::Error::custom(format!("expected text, got {}", kind(&other)))),
    };
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// A JSON object, also as a string that contains one. An empty string and null count as absent.
pub fn object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<JsonObject>, D::Error> {
    match unwrapped(Value::deserialize(deserializer)?) {
        Value::Null => Ok(None),
        Value::Object(map) => Ok(Some(map)),
        other => Err(D::Error::custom(format!("expected a JSON object, got {}", kind(&other)))),
    }
}

/// A list of words, also as one string with commas or as a JSON list in a string.
pub fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    match unwrapped(value) {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => Ok(split(&text)),
        Value::Array(items) => items
            .into_iter()
            .map(|item| match item {
                Value::String(text) => Ok(text.trim().to_ascii_lowercase()),
                other => Err(D::Error::custom(format!("expected words, got {}", kind(&other)))),
            })
            .collect(),
        other => Err(D::Error::custom(format!("expected a list of words, got {}", kind(&other)))),
    }
}

fn split(text: &str) -> Vec<String> {
    text.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_ascii_lowercase).collect()
}

/// JSON that a model put into a string.
fn unwrapped(value: Value) -> Value {
    match value {
        Value::String(text) if text.trim().is_empty() => Value::Null,
        Value::String(text) => match serde_json::from_str::<Value>(&text) {
            Ok(inner @ (Value::Object(_) | Value::Array(_) | Value::Null)) => inner,
            _ => Value::String(text),
        },
        other => other,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Puts `number` (or the default) between the bounds.
pub fn clamped(number: Option<i64>, default: u32, min: u32, max: u32) -> u32 {
    let number = number.unwrap_or(i64::from(default)).clamp(i64::from(min), i64::from(max));
    u32::try_from(number).unwrap_or(max)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Deserialize, Debug, Default, PartialEq)]
    #[serde(default)]
    struct Sample {
        #[serde(deserialize_with = "integer")]
        limit: Option<i64>,
        #[serde(deserialize_with = "text")]
        id: Option<String>,
        #[serde(deserialize_with = "object")]
        body: Option<JsonObject>,
        #[serde(deserialize_with = "words")]
        include: Vec<String>,
    }

    fn sample(value: &Value) -> Result<Sample, ToolError> {
        read(value.as_object().unwrap().clone())
    }

    #[test]
    fn what_models_write_is_understood() {
        for (written, limit) in [
            (json!({"limit": 5}), Some(5)),
            (json!({"limit": "5"}), Some(5)),
            (json!({"limit": " 5 "}), Some(5)),
            (json!({"limit": 5.0}), Some(5)),
            (json!({"limit": "5.0"}), Some(5)),
            (json!({"limit": -3}), Some(-3)),
            (json!({"limit": 1e300}), Some(i64::MAX)),
            (json!({"limit": u64::MAX}), Some(i64::MAX)),
            (json!({"limit": ""}), None),
            (json!({"limit": null}), None),
            (json!({}), None),
        ] {
            assert_eq!(sample(&written).unwrap().limit, limit, "{written}");
        }
        assert_eq!(sample(&json!({"id": "  x "})).unwrap().id.as_deref(), Some("x"));
        assert_eq!(sample(&json!({"id": 7})).unwrap().id.as_deref(), Some("7"));
        assert_eq!(sample(&json!({"id": "   "})).unwrap().id, None);
        assert_eq!(
            sample(&json!({"body": "{\"a\": 1}"})).unwrap().body,
            json!({"a": 1}).as_object().cloned()
        );
        for include in [json!(["A", "b"]), json!("a, b"), json!("[\"a\", \"b\"]")] {
            assert_eq!(sample(&json!({"include": include})).unwrap().include, ["a", "b"]);
        }
    }

    #[test]
    fn what_cannot_be_understood_is_named() {
        for (written, message) in [
            (json!({"limit": "many"}), "limit: expected a whole number, got \"many\""),
            (json!({"limit": 1.5}), "limit: expected a whole number, got 1.5"),
            (json!({"limit": [1]}), "limit: expected a whole number, got [1]"),
            (json!({"id": {}}), "id: expected text, got an object"),
            (json!({"body": [1]}), "body: expected a JSON object, got a list"),
            (json!({"body": "x"}), "body: expected a JSON object, got text"),
            (json!({"include": 3}), "include: expected a list of words, got a number"),
        ] {
            assert_eq!(sample(&written).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn numbers_out_of_range_are_clamped() {
        assert_eq!(clamped(None, 20, 1, 100), 20);
        assert_eq!(clamped(Some(-5), 20, 1, 100), 1);
        assert_eq!(clamped(Some(i64::MAX), 20, 1, 100), 100);
    }
}
