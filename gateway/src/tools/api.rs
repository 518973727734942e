//! Any endpoint of the Aurora API.

use async_trait::async_trait;
use http::Method;
use rmcp::model::{JsonObject, Tool as Definition, ToolAnnotations};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{CallContext, Tool, ToolError, argument, schema};
use crate::aurora::{ApiPath, Call};

/// Query parameters of one call.
const MOST_PARAMETERS: usize = 50;

/// Sends one request.
pub struct AuroraApi;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Arguments {
    /// GET, HEAD, POST, PUT, PATCH or DELETE. Default GET.
    #[serde(deserialize_with = "argument::text")]
    #[schemars(extend("enum" = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]))]
    method: Option<String>,
    /// The path, starting with '/', without query; for example /api/incidents. GET /api/routes lists all paths.
    #[serde(deserialize_with = "argument::text")]
    #[schemars(with = "String", required)]
    path: Option<String>,
    /// Query parameters.
    #[serde(deserialize_with = "argument::object")]
    #[schemars(with = "Option<serde_json::Map<String, Value>>")]
    params: Option<JsonObject>,
    /// JSON body, for POST, PUT and PATCH.
    #[serde(deserialize_with = "argument::object")]
    #[schemars(with = "Option<serde_json::Map<String, Value>>")]
    body: Option<JsonObject>,
    /// A jq filter that is applied to the answer before it is returned, for example .incidents[] | {id, status}.
    #[serde(deserialize_with = "argument::text")]
    select: Option<String>,
}

#[async_trait]
impl Tool for AuroraApi {
    fn definition(&self) -> Definition {
        Definition::new(
            "aurora_api",
            "Call any endpoint of the Aurora REST API as the token's user. Use it when neither a listed tool nor one of \
             search_tools fits. \
             GET /api/routes lists all paths and methods; narrow it with select, for example \
             [.[] | select(.path | startswith(\"/api/graph\"))]. Use select (jq) to take just what you need from a large \
             answer. Requests other than GET and HEAD can change things: ask the person first.",
            schema::input::<Arguments>(),
        )
        .with_title("Call the Aurora API")
        .with_annotations(ToolAnnotations::from_raw(None, Some(false), Some(true), Some(false), Some(true)))
        .with_raw_output_schema(schema::output(json!({
            "type": "object",
            "properties": {
                "status_code": {"type": "integer"},
                "data": {"description": "The answer, after select."}
            }
        })))
    }

    fn judges_requests(&self) -> bool {
        true
    }

    async fn call(&self, arguments: JsonObject, context: &CallContext<'_>) -> Result<Value, ToolError> {
        let arguments: Arguments = argument::read(arguments)?;
        let method = method(arguments.method.as_deref())?;
        let path = ApiPath::parse(&arguments.path.unwrap_or_default())?;
        check(&method, &path, context)?;
        let mut call = Call::new(method.clone(), path);
        for (name, value) in query(arguments.params.unwrap_or_default())? {
            call = call.with_query(name, value);
        }
        let takes_body = match method {
            Method::GET | Method::HEAD => false,
            Method::DELETE => arguments.body.is_some(),
            _ => true,
        };
        if takes_body {
            call = call.with_body(Value::Object(arguments.body.unwrap_or_default()));
        }
        let answer = context.aurora.send(call).await?;
        let mut data = answer.value()?;
        if let Some(filter) = arguments.select {
            data = context.settings.selector.select(&filter, &data).await.map_err(ToolError::Select)?;
        }
        Ok(json!({"status_code": answer.status().as_u16(), "data": data}))
    }

    fn target(&self, arguments: &JsonObject) -> Option<String> {
        let path = ApiPath::parse(arguments.get("path")?.as_str()?).ok()?;
        let method = method(arguments.get("method").and_then(Value::as_str)).ok()?;
        Some(format!("{method} {path}"))
    }
}

fn method(text: Option<&str>) -> Result<Method, ToolError> {
    match text.unwrap_or("GET").to_ascii_uppercase().as_str() {
        "GET" => Ok(Method::GET),
        "HEAD" => Ok(Method::HEAD),
        "POST" => Ok(Method::POST),
        "PUT" => Ok(Method::PUT),
        "PATCH" => Ok(Method::PATCH),
        "DELETE" => Ok(Method::DELETE),
        _ => Err(ToolError::Argument("method must be GET, HEAD, POST, PUT, PATCH or DELETE".to_owned())),
    }
}

fn check(method: &Method, path: &ApiPath, context: &CallContext<'_>) -> Result<(), ToolError> {
    if let Some(hint) = never_ends(path) {
        return Err(ToolError::Denied(format!("{path} is a stream that never ends. {hint}")));
    }
    context.permit(method, path)
}

/// Streams that stay open for ever (contract §7).
fn never_ends(path: &ApiPath) -> Option<&'static str> {
    let segments: Vec<&str> = path.segments().collect();
    match segments.as_slice() {
        ["api", "incidents", "stream"] => Some("Use list_incidents to see what changed."),
        ["api", "incidents", _, "visualization", "stream"] => {
            Some("Use get_incident, or drop /stream from the path.")
        }
        _ => None,
    }
}

/// Query parameters as text; a list repeats its name.
fn query(params: JsonObject) -> Result<Vec<(String, String)>, ToolError> {
    let mut pairs = Vec::new();
    for (name, value) in params {
        match value {
            Value::Array(items) => {
                for item in items {
                    pairs.push((name.clone(), scalar(&name, item)?));
                }
            }
            Value::Null => {}
            other => {
                let text = scalar(&name, other)?;
                pairs.push((name, text));
            }
        }
    }
    if pairs.len() > MOST_PARAMETERS {
        return Err(ToolError::Argument(format!("params: more than {MOST_PARAMETERS} parameters")));
    }
    Ok(pairs)
}

fn scalar(name: &str, value: Value) -> Result<String, ToolError> {
    match value {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        _ => Err(ToolError::Argument(format!(
            "params.{name} must be text, a number, a boolean or a list of these"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_six_methods_exist() {
        assert_eq!(method(None).unwrap(), Method::GET);
        assert_eq!(method(Some("patch")).unwrap(), Method::PATCH);
        assert_eq!(method(Some("head")).unwrap(), Method::HEAD);
        for text in ["OPTIONS", "TRACE", "CONNECT", "GET /x HTTP/1.1\r\n", "é"] {
            assert!(method(Some(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn streams_without_end_are_recognised_in_every_spelling() {
        let ends = |text: &str| never_ends(&ApiPath::parse(text).unwrap()).is_none();
        assert!(!ends("/api/incidents/stream"));
        assert!(!ends("/api/incidents/stream/"));
        assert!(!ends("/api/incidents/%73tream"));
        assert!(!ends("/api/incidents/1ac1de00-0000-4000-8000-000000000001/visualization/stream"));
        assert!(ends("/api/incidents/1ac1de00-0000-4000-8000-000000000001/visualization"));
        assert!(ends("/api/streams"));
    }

    #[test]
    fn lists_repeat_their_name_and_objects_are_refused() {
        let params = json!({"a": [1, "x"], "b": true, "c": null}).as_object().unwrap().clone();
        let pairs = query(params).unwrap();
        assert_eq!(
            pairs,
            [
                ("a".to_owned(), "1".to_owned()),
                ("a".to_owned(), "x".to_owned()),
                ("b".to_owned(), "true".to_owned())
            ]
        );
        let nested = json!({"a": {"b": 1}}).as_object().unwrap().clone();
        assert!(query(nested).unwrap_err().to_string().contains("params.a must be"));
    }
}
