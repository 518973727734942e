//! Definitions of tools, with schemas that every client understands: flat, without `$ref`, lists of types or formats.

use std::sync::Arc;

use rmcp::model::{JsonObject, Tool as Definition, ToolAnnotations};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// A tool that changes nothing and asks nobody but Aurora. `A` is its struct of arguments.
pub fn reads<A: JsonSchema>(
    name: &'static str,
    title: &str,
    description: &'static str,
    output: Value,
) -> Definition {
    let hints = ToolAnnotations::from_raw(None, Some(true), Some(false), Some(true), Some(false));
    defined::<A>(name, title, description, output, hints)
}

/// A tool that changes nothing and asks a system outside of Aurora.
pub fn reads_outside<A: JsonSchema>(
    name: &'static str,
    title: &str,
    description: &'static str,
    output: Value,
) -> Definition {
    let hints = ToolAnnotations::from_raw(None, Some(true), Some(false), Some(true), Some(true));
    defined::<A>(name, title, description, output, hints)
}

/// A tool with annotations of its own.
pub fn defined<A: JsonSchema>(
    name: &'static str,
    title: &str,
    description: &'static str,
    output: Value,
    hints: ToolAnnotations,
) -> Definition {
    Definition::new(name, description, input::<A>())
        .with_title(title)
        .with_annotations(hints)
        .with_raw_output_schema(self::output(output))
}

/// The output schema of an object with these members: their names, and the JSON type of each.
pub fn members(members: &[(&str, &str)]) -> Value {
    let properties: JsonObject =
        members.iter().map(|(name, kind)| ((*name).to_owned(), serde_json::json!({"type": kind}))).collect();
    serde_json::json!({"type": "object", "properties": properties})
}

/// The schema of an arguments struct; its doc comments are the descriptions.
pub fn input<T: JsonSchema>() -> Arc<JsonObject> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let schema = settings.into_generator().into_root_schema_for::<T>();
    let mut schema = schema.to_value();
    flatten(&mut schema);
    let mut schema = object(schema);
    schema.remove("title");
    schema.remove("description");
    schema.entry("properties").or_insert_with(|| Value::Object(JsonObject::new()));
    Arc::new(schema)
}

/// An output schema written by hand.
pub fn output(schema: Value) -> Arc<JsonObject> {
    Arc::new(object(schema))
}

fn object(value: Value) -> JsonObject {
    match value {
        Value::Object(map) => map,
        _ => JsonObject::new(),
    }
}

fn flatten(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.get("default").is_some_and(Value::is_null) {
                map.remove("default");
            }
            if map.get("format").is_some_and(Value::is_string) {
                map.remove("format");
            }
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|name| name != "null");
                let first = types.first().cloned();
                if let Some(first) = first {
                    map.insert("type".to_owned(), first);
                }
            }
            map.values_mut().for_each(flatten);
        }
        Value::Array(items) => items.iter_mut().for_each(flatten),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Sample {
        /// How many.
        limit: Option<u32>,
        /// Which.
        id: String,
    }

    #[test]
    fn optional_numbers_lose_null_and_format() {
        let schema = Value::Object(input::<Sample>().as_ref().clone());
        assert_eq!(
            schema["properties"]["limit"],
            json!({"type": "integer", "minimum": 0, "description": "How many."})
        );
        assert_eq!(schema["required"], json!(["id"]));
    }
}
