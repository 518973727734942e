//! The JSON-RPC envelope of one HTTP body, read once. `params` stays as it came until its type is known.

use std::borrow::Cow;

use rmcp::model::{ErrorCode, ErrorData, NumberOrString};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// One message of the client.
#[derive(Debug)]
pub enum Message<'a> {
    /// Wants an answer.
    Request { id: NumberOrString, method: Cow<'a, str>, params: Option<&'a RawValue> },
    /// Wants none.
    Notification { method: Cow<'a, str>, params: Option<&'a RawValue> },
    /// Answers something that a stateless server never asked.
    Response,
}

/// A body that is no message.
#[derive(Debug)]
pub struct EnvelopeError {
    /// The id, if it could be read.
    pub id: Option<NumberOrString>,
    /// −32700 for what is no JSON, −32600 for JSON that is no message.
    pub error: ErrorData,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    jsonrpc: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    error: Option<&'a RawValue>,
}

/// Tells `null` from absent.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// curl sends what follows a line break in a header as a header or body of its own.
const EMPTY: &str = "the body is empty: send a JSON-RPC message. If you did send one, look for a line break at the end of a \
                     header, such as that of a token that was read from a file";

/// Reads a body.
pub fn read(body: &[u8]) -> Result<Message<'_>, EnvelopeError> {
    let text = std::str::from_utf8(body).map_err(|_| broken("the body is not UTF-8"))?;
    if text.trim().is_empty() {
        return Err(broken(EMPTY));
    }
    let envelope: Envelope = match serde_json::from_str(text) {
        Ok(envelope) => envelope,
        Err(error) if error.is_data() => {
            // The shape is wrong, or the JSON breaks further on: a full pass tells.
            return Err(match serde_json::from_str::<&RawValue>(text) {
                Ok(raw) if raw.get().starts_with('[') => {
                    wrong(None, "batches are not supported: send one message")
                }
                Ok(_) => wrong(None, "the body is not a JSON-RPC message"),
                Err(error) => not_json(&error),
            });
        }
        Err(error) => return Err(not_json(&error)),
    };
    message(envelope)
}

fn message(envelope: Envelope<'_>) -> Result<Message<'_>, EnvelopeError> {
    let id = envelope.id.map(identifier).transpose();
    let known = id.as_ref().ok().cloned().flatten();
    if envelope.jsonrpc.as_deref() != Some("2.0") {
        return Err(wrong(known, "jsonrpc must be \"2.0\""));
    }
    let Some(method) = envelope.method else {
        return match (envelope.result, envelope.error) {
            (Some(_), None) | (None, Some(_)) => Ok(Message::Response),
            _ => Err(wrong(known, "method is missing")),
        };
    };
    if envelope.result.is_some() || envelope.error.is_some() {
        return Err(wrong(known, "a message is either a request or a response"));
    }
    let params = envelope.params;
    if params.is_some_and(|raw| !raw.get().starts_with('{')) {
        return Err(wrong(known, "params must be an object"));
    }
    match id? {
        Some(id) => Ok(Message::Request { id, method, params }),
        None => Ok(Message::Notification { method, params }),
    }
}

/// MCP allows strings and whole numbers, not null.
fn identifier(raw: &RawValue) -> Result<NumberOrString, EnvelopeError> {
    serde_json::from_str(raw.get()).map_err(|_| wrong(None, "id must be a string or a whole number"))
}

/// A syntax error says what is wrong where, and nothing of the text.
fn not_json(error: &serde_json::Error) -> EnvelopeError {
    broken(format!("the body is not JSON: {error}"))
}

fn broken(message: impl Into<Cow<'static, str>>) -> EnvelopeError {
    EnvelopeError { id: None, error: ErrorData::new(ErrorCode::PARSE_ERROR, message, None) }
}

fn wrong(id: Option<NumberOrString>, message: &'static str) -> EnvelopeError {
    EnvelopeError { id, error: ErrorData::new(ErrorCode::INVALID_REQUEST, message, None) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn messages_are_told_apart() {
        let request = read(br#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"x"}}"#);
        assert!(matches!(request, Ok(Message::Request { params: Some(_), .. })));
        let without = read(br#" {"method":"ping","id":"a","jsonrpc":"2.0"} "#);
        assert!(matches!(without, Ok(Message::Request { params: None, .. })));
        let escaped = read(br#"{"jsonrpc":"2.0","id":1,"method":"tools\/list"}"#);
        assert!(matches!(escaped, Ok(Message::Request { method, .. }) if method == "tools/list"));
        let notification = read(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        assert!(matches!(notification, Ok(Message::Notification { .. })));
        assert!(matches!(read(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#), Ok(Message::Response)));
        assert!(matches!(
            read(br#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""}}"#),
            Ok(Message::Response)
        ));
    }

    #[test]
    fn what_is_no_json_is_a_parse_error() {
        for body in [
            b"".as_slice(),
            b"{",
            b"not json",
            b"{\"jsonrpc\":\"2.0\",}",
            b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"} trailing",
            b"\xff\xfe",
            b"{\"a\":01}",
            b"{'jsonrpc':'2.0'}",
        ] {
            assert_eq!(read(body).unwrap_err().error.code, ErrorCode::PARSE_ERROR, "{body:?}");
        }
    }

    #[test]
    fn a_parse_error_says_what_is_wrong_where() {
        for (body, said) in [
            ("", "the body is empty"),
            (" \r\n", "the body is empty"),
            ("{\"jsonrpc\":\"2.0\",}", "the body is not JSON: trailing comma at line 1 column 18"),
            ("{\"method\":[7], \"secret\" 1}", "the body is not JSON: expected `:` at line 1 column 25"),
        ] {
            let error = read(body.as_bytes()).unwrap_err().error;
            assert!(error.message.starts_with(said), "{body:?}: {}", error.message);
        }
    }

    #[test]
    fn json_that_is_no_message_is_an_invalid_request() {
        for body in [
            "null",
            "42",
            "\"x\"",
            "[]",
            r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#,
            "{}",
            r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
            r#"{"id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":true,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}"#,
        ] {
            assert_eq!(read(body.as_bytes()).unwrap_err().error.code, ErrorCode::INVALID_REQUEST, "{body}");
        }
    }

    #[test]
    fn the_id_comes_back_where_it_could_be_read() {
        let error = read(br#"{"jsonrpc":"1.0","id":"a","method":"ping"}"#).unwrap_err();
        assert_eq!(error.id, Some(NumberOrString::String("a".into())));
    }

    proptest! {
        #[test]
        fn any_body_is_read_without_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&body);
        }
    }
}
