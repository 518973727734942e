//! The CRD's reference for people, drawn from the same schema that the API server gets.

use std::fmt::Write as _;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray,
};
use kube::CustomResourceExt as _;

use crate::{INSTALLATION_ANNOTATION, McpToken, ROTATE_ANNOTATION};

/// The whole page.
pub fn page() -> String {
    let crd = McpToken::crd();
    let mut page = String::from(
        "<!-- Made by `make generate` from the CRD's schema. -->\n# McpToken\n\nEvery field, as the API server knows it. \
         [Tokens](../tokens.md) explains how they work together; `kubectl explain mcptoken.spec` shows the same text.\n",
    );
    for version in &crd.spec.versions {
        let schema = version.schema.as_ref().and_then(|schema| schema.open_api_v3_schema.as_ref());
        let Some(schema) = schema else { continue };
        let _ = write!(
            page,
            "\n`apiVersion: {}/{}`, `kind: {}`",
            crd.spec.group, version.name, crd.spec.names.kind
        );
        let _ = writeln!(page, "{}", short_names(&crd));
        for part in ["spec", "status"] {
            if let Some(schema) = property(schema, part) {
                section(&mut page, part, schema);
            }
        }
    }
    let _ = write!(
        page,
        "\n## Annotations\n\n| annotation | meaning |\n| --- | --- |\n\
         | `{ROTATE_ANNOTATION}` | Asks for a rotation, once for each new value; by custom the time. |\n\
         | `{INSTALLATION_ANNOTATION}` | Which installation of the operator serves the McpToken. Set by the first that does. |\n",
    );
    page
}

fn short_names(crd: &CustomResourceDefinition) -> String {
    let names = crd.spec.names.short_names.iter().flatten().chain(crd.spec.names.categories.iter().flatten());
    names.fold(String::new(), |text, name| text + &format!(", `kubectl get {name}`"))
}

fn property<'a>(schema: &'a JSONSchemaProps, name: &str) -> Option<&'a JSONSchemaProps> {
    schema.properties.as_ref()?.get(name)
}

fn section(page: &mut String, part: &str, schema: &JSONSchemaProps) {
    let _ = write!(page, "\n## {part}\n\n| field | type | meaning |\n| --- | --- | --- |\n");
    fields(page, part, schema);
    let rules = rules(part, schema);
    if !rules.is_empty() {
        let _ = write!(page, "\nRules that `kubectl apply` checks:\n\n");
        for (path, message) in rules {
            let _ = writeln!(page, "- `{path}`: {message}");
        }
    }
}

fn fields(page: &mut String, path: &str, schema: &JSONSchemaProps) {
    let required = schema.required.as_deref().unwrap_or_default();
    for (name, field) in schema.properties.iter().flatten() {
        let path = format!("{path}.{name}");
        let need = if required.contains(name) { " **Required.**" } else { "" };
        let _ = writeln!(page, "| `{path}` | {} | {}{need}{} |", kind(field), meaning(field), limits(field));
        match element(field) {
            Some(element) => fields(page, &format!("{path}[]"), element),
            None => fields(page, &path, field),
        }
    }
}

fn element(schema: &JSONSchemaProps) -> Option<&JSONSchemaProps> {
    match schema.items.as_ref()? {
        JSONSchemaPropsOrArray::Schema(schema) => Some(schema),
        JSONSchemaPropsOrArray::Schemas(_) => None,
    }
}

fn kind(schema: &JSONSchemaProps) -> String {
    let own = schema.format.as_ref().filter(|format| *format == "date-time").or(schema.type_.as_ref());
    match element(schema) {
        Some(element) => format!("{}[]", kind(element)),
        None if schema.additional_properties.is_some() => "map of string".to_owned(),
        None => own.cloned().unwrap_or_default(),
    }
}

fn meaning(schema: &JSONSchemaProps) -> String {
    let text = schema.description.as_deref().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// Values, default and bounds, in one sentence each.
fn limits(schema: &JSONSchemaProps) -> String {
    let mut text = String::new();
    let values = element(schema).unwrap_or(schema).enum_.iter().flatten();
    let values: Vec<_> =
        values.filter(|value| !value.0.is_null()).map(|value| format!("`{}`", bare(&value.0))).collect();
    if !values.is_empty() {
        let _ = write!(text, " One of {}.", values.join(", "));
    }
    if let Some(default) = &schema.default {
        let _ = write!(text, " Default: `{}`.", bare(&default.0));
    }
    if let Some(most) = schema.max_length {
        let _ = write!(text, " Up to {most} characters.");
    }
    if let Some(most) = schema.max_items {
        let _ = write!(text, " Up to {most} entries.");
    }
    if let (Some(least), Some(most)) = (schema.minimum, schema.maximum) {
        let _ = write!(text, " {least} to {most}.");
    }
    text
}

fn bare(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn rules(path: &str, schema: &JSONSchemaProps) -> Vec<(String, String)> {
    let own = schema.x_kubernetes_validations.iter().flatten();
    let mut found: Vec<_> = own.filter_map(|rule| Some((path.to_owned(), rule.message.clone()?))).collect();
    for (name, field) in schema.properties.iter().flatten() {
        found.extend(rules(&format!("{path}.{name}"), field));
        if let Some(element) = element(field) {
            found.extend(rules(&format!("{path}.{name}[]"), element));
        }
    }
    found
}
