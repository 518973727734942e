//! From method and raw params to rmcp's typed request, without trying shape after shape.

use rmcp::model::{
    CallToolRequest, CallToolRequestParams, ClientRequest, CompleteRequest, DiscoverRequest,
    DiscoverRequestParams, ErrorCode, ErrorData, GetPromptRequest, InitializeRequest, JsonObject,
    ListPromptsRequest, ListResourceTemplatesRequest, ListResourcesRequest, ListToolsRequest,
    PaginatedRequestParams, PingRequest, ReadResourceRequest, RequestOptionalParam,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use super::era::Era;

/// The typed request of a method in an era. −32601 for a method that there isn't, −32602 for params that don't fit.
pub fn typed(era: Era, method: &str, params: Option<&RawValue>) -> Result<ClientRequest, ErrorData> {
    Ok(match method {
        "initialize" if era == Era::Legacy => {
            ClientRequest::InitializeRequest(InitializeRequest::new(read(params)?))
        }
        "server/discover" => {
            ClientRequest::DiscoverRequest(DiscoverRequest::new(DiscoverRequestParams::default()))
        }
        "ping" if era == Era::Legacy => ClientRequest::PingRequest(PingRequest::default()),
        "tools/list" => ClientRequest::ListToolsRequest(page::<ListToolsRequest>(params)?),
        "tools/call" => ClientRequest::CallToolRequest(CallToolRequest::new(call(params)?)),
        "resources/list" => ClientRequest::ListResourcesRequest(page::<ListResourcesRequest>(params)?),
        "resources/templates/list" => {
            ClientRequest::ListResourceTemplatesRequest(page::<ListResourceTemplatesRequest>(params)?)
        }
        "resources/read" => ClientRequest::ReadResourceRequest(ReadResourceRequest::new(read(params)?)),
        "prompts/list" => ClientRequest::ListPromptsRequest(page::<ListPromptsRequest>(params)?),
        "prompts/get" => ClientRequest::GetPromptRequest(GetPromptRequest::new(read(params)?)),
        "completion/complete" => ClientRequest::CompleteRequest(CompleteRequest::new(read(params)?)),
        _ => {
            let message = format!("unknown method {:?}", method.chars().take(80).collect::<String>());
            return Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, message, None));
        }
    })
}

trait Paginated {
    fn of(params: PaginatedRequestParams) -> Self;
}

impl<M: Default> Paginated for RequestOptionalParam<M, PaginatedRequestParams> {
    fn of(params: PaginatedRequestParams) -> Self {
        Self::with_param(params)
    }
}

/// Lists fit on one page, so no cursor was ever handed out and any is wrong.
fn page<R: Paginated>(params: Option<&RawValue>) -> Result<R, ErrorData> {
    let params: PaginatedRequestParams = read(params)?;
    if params.cursor.is_some() {
        return Err(ErrorData::invalid_params("unknown cursor: everything is on the first page", None));
    }
    Ok(R::of(params))
}

/// The parameters of a call whose arguments came as a text, as some models write them.
#[derive(Deserialize)]
struct AsText {
    arguments: String,
    #[serde(flatten)]
    rest: JsonObject,
}

fn call(params: Option<&RawValue>) -> Result<CallToolRequestParams, ErrorData> {
    read(params).or_else(|error| {
        let Ok(AsText { arguments, mut rest }) = read(params) else { return Err(error) };
        let arguments: JsonObject = serde_json::from_str(&arguments).map_err(|_| {
            let message = r#"params: arguments is a text and must be an object, such as {"limit": 5}"#;
            ErrorData::invalid_params(message, None)
        })?;
        rest.insert("arguments".to_owned(), Value::Object(arguments));
        serde_json::from_value(Value::Object(rest)).map_err(|_| error)
    })
}

fn read<T: DeserializeOwned>(params: Option<&RawValue>) -> Result<T, ErrorData> {
    serde_json::from_str(params.map_or("{}", RawValue::get))
        .map_err(|error| ErrorData::invalid_params(format!("params: {error}"), None))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn code(method: &str, params: &serde_json::Value) -> i32 {
        let raw = serde_json::value::to_raw_value(params).unwrap();
        typed(Era::Legacy, method, Some(&raw)).map_or_else(|error| error.code.0, |_| 0)
    }

    #[test]
    fn methods_and_params_that_do_not_fit_have_their_own_codes() {
        assert_eq!(code("tools/list", &json!({})), 0);
        assert_eq!(code("tools/call", &json!({"name": "x", "arguments": {}})), 0);
        assert_eq!(code("tools/call", &json!({})), -32602);
        assert_eq!(code("tools/call", &json!({"name": 7})), -32602);
        assert_eq!(code("tools/call", &json!({"name": "x", "arguments": "y"})), -32602);
        assert_eq!(code("tools/list", &json!({"cursor": "x"})), -32602);
        assert_eq!(code("resources/read", &json!({})), -32602);
        assert_eq!(code("tools/explode", &json!({})), -32601);
        assert_eq!(code("logging/setLevel", &json!({"level": "info"})), -32601);
        assert!(typed(Era::Legacy, "ping", None).is_ok());
    }

    #[test]
    fn arguments_that_were_written_as_a_text_are_read_all_the_same() {
        let called = |arguments: &str| {
            let params = json!({"name": "x", "arguments": arguments, "_meta": {"progressToken": 1}});
            call(Some(&serde_json::value::to_raw_value(&params).unwrap()))
        };
        let arguments = called(r#"{"limit": 5}"#).unwrap().arguments.unwrap();
        assert_eq!(Value::Object(arguments), json!({"limit": 5}));
        for text in ["", "y", "[1]", "5"] {
            let error = called(text).unwrap_err();
            assert!(error.message.contains("arguments is a text and must be an object"), "{error:?}");
        }
        let twice = r#"{"name": "x", "arguments": {"limit": 5}, "arguments": "{\"limit\": 6}"}"#;
        assert!(call(Some(&RawValue::from_string(twice.to_owned()).unwrap())).is_err());
    }

    #[test]
    fn the_handshake_is_gone_in_the_modern_era() {
        for method in ["initialize", "ping"] {
            assert_eq!(typed(Era::Modern, method, None).unwrap_err().code, ErrorCode::METHOD_NOT_FOUND);
        }
    }
}
