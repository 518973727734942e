//! Which revision a request speaks, and whether its headers agree with its body (MCP 2026-07-28, "Transports").

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, StatusCode};
use rmcp::model::{ErrorCode, ErrorData, ProtocolVersion, RequestMetaObject};
use serde::Deserialize;
use serde_json::value::RawValue;

const VERSION: &str = "mcp-protocol-version";
const METHOD: &str = "mcp-method";
const NAME: &str = "mcp-name";

/// How a request's errors are mapped to HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Era {
    /// Up to 2025-11-25: begins with initialize; errors in band with status 200.
    Legacy,
    /// From 2026-07-28 on: every request carries its own metadata; errors have statuses.
    Modern,
}

impl Era {
    /// The HTTP status of an error answer.
    pub fn status(self, code: ErrorCode) -> StatusCode {
        match code {
            ErrorCode::PARSE_ERROR
            | ErrorCode::INVALID_REQUEST
            | ErrorCode::HEADER_MISMATCH
            | ErrorCode::UNSUPPORTED_PROTOCOL_VERSION
            | ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY => StatusCode::BAD_REQUEST,
            ErrorCode::METHOD_NOT_FOUND if self == Self::Modern => StatusCode::NOT_FOUND,
            _ => StatusCode::OK,
        }
    }
}

/// What all params have in common, and what the headers repeat.
#[derive(Debug, Default, Deserialize)]
pub struct Common<'a> {
    /// `_meta`.
    #[serde(rename = "_meta", default)]
    pub meta: Option<RequestMetaObject>,
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    uri: Option<&'a RawValue>,
}

impl<'a> Common<'a> {
    /// Reads it from the params of any method.
    pub fn of(params: Option<&'a RawValue>) -> Result<Self, ErrorData> {
        let Some(params) = params else { return Ok(Self::default()) };
        serde_json::from_str(params.get())
            .map_err(|error| ErrorData::invalid_params(format!("params: {error}"), None))
    }
}

/// A request that is refused before it is dispatched.
#[derive(Debug)]
pub struct Refused {
    /// The HTTP status.
    pub status: StatusCode,
    /// The JSON-RPC error.
    pub error: ErrorData,
}

/// Determines the era and checks the headers that go with it.
pub fn check(headers: &HeaderMap, method: &str, common: &Common<'_>) -> Result<Era, Refused> {
    let header = single(headers, VERSION)?;
    let meta = common.meta.as_ref();
    let declared = meta.and_then(RequestMetaObject::protocol_version);
    if method == "initialize" && !declared.as_ref().is_some_and(|version| is_modern(version.as_str())) {
        return Ok(Era::Legacy);
    }
    let modern_header = header.is_some_and(is_modern);
    match (&declared, header) {
        (Some(declared), Some(header)) if declared.as_str() != header => {
            Err(mismatch(format!("the MCP-Protocol-Version header is {header}, but _meta says {declared}")))
        }
        (Some(declared), None) if is_modern(declared.as_str()) => {
            Err(mismatch("the MCP-Protocol-Version header is missing".to_owned()))
        }
        (Some(declared), _) => {
            supported(declared.as_str())?;
            if is_modern(declared.as_str()) { modern(headers, method, common, meta) } else { Ok(Era::Legacy) }
        }
        (None, Some(header)) if modern_header => {
            supported(header)?;
            modern(headers, method, common, meta)
        }
        (None, Some(header)) => supported(header).map(|()| Era::Legacy),
        (None, None) if method == "server/discover" => modern(headers, method, common, meta),
        (None, None) => Ok(Era::Legacy),
    }
}

fn modern(
    headers: &HeaderMap,
    method: &str,
    common: &Common<'_>,
    meta: Option<&RequestMetaObject>,
) -> Result<Era, Refused> {
    let missing = match meta {
        Some(meta) => meta.missing_required_keys(&ProtocolVersion::V_2026_07_28),
        None => RequestMetaObject::default().missing_required_keys(&ProtocolVersion::V_2026_07_28),
    };
    if !missing.is_empty() {
        let message = format!("_meta lacks {}", missing.join(", "));
        return Err(Refused {
            status: StatusCode::BAD_REQUEST,
            error: ErrorData::invalid_params(message, None),
        });
    }
    match single(headers, METHOD)? {
        None => return Err(mismatch("the Mcp-Method header is missing".to_owned())),
        Some(header) if header != method => {
            return Err(mismatch(format!("the Mcp-Method header is {header}, but the body says {method}")));
        }
        Some(_) => {}
    }
    let Some(expected) = expected_name(method, common) else { return Ok(Era::Modern) };
    let header =
        single(headers, NAME)?.ok_or_else(|| mismatch("the Mcp-Name header is missing".to_owned()))?;
    match decoded(header) {
        Some(name) if name == expected => Ok(Era::Modern),
        Some(_) => Err(mismatch("the Mcp-Name header differs from the body".to_owned())),
        None => Err(mismatch("the Mcp-Name header is not valid Base64".to_owned())),
    }
}

/// What `Mcp-Name` must repeat. A name that is no string is left to the parameters' own check.
fn expected_name(method: &str, common: &Common<'_>) -> Option<String> {
    let raw = match method {
        "tools/call" | "prompts/get" => common.name?,
        "resources/read" => common.uri?,
        _ => return None,
    };
    serde_json::from_str(raw.get()).ok()
}

fn decoded(header: &str) -> Option<Cow<'_, str>> {
    match header.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) {
        None => Some(Cow::Borrowed(header)),
        Some(encoded) => String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok().map(Cow::Owned),
    }
}

/// Revisions are dates, so they compare as text.
fn is_modern(version: &str) -> bool {
    version >= ProtocolVersion::NO_INITIALIZE.as_str()
}

fn supported(version: &str) -> Result<(), Refused> {
    let known = ProtocolVersion::KNOWN_VERSIONS;
    if known.iter().any(|known| known.as_str() == version) {
        return Ok(());
    }
    let requested = serde_json::from_value(version.into()).unwrap_or(ProtocolVersion::LATEST);
    let error = ErrorData::unsupported_protocol_version(requested, known);
    Err(Refused { status: StatusCode::BAD_REQUEST, error })
}

fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refused> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(mismatch(format!("more than one {name} header")));
    }
    value.to_str().map(Some).map_err(|_| mismatch(format!("the {name} header is not text")))
}

fn mismatch(message: String) -> Refused {
    Refused { status: StatusCode::BAD_REQUEST, error: ErrorData::header_mismatch(message, None) }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use serde_json::{Value, json};

    use super::*;

    const NOW: &str = "2026-07-28";

    fn meta(version: &str) -> Value {
        json!({
            "io.modelcontextprotocol/protocolVersion": version,
            "io.modelcontextprotocol/clientCapabilities": {}
        })
    }

    fn checked(headers: &[(&str, &str)], method: &str, params: &Value) -> Result<Era, i32> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        }
        let raw = serde_json::value::to_raw_value(params).unwrap();
        let common = Common::of(Some(&raw)).unwrap();
        check(&map, method, &common).map_err(|refused| {
            assert_eq!(refused.status, StatusCode::BAD_REQUEST);
            refused.error.code.0
        })
    }

    #[test]
    fn older_clients_need_nothing_but_may_name_their_revision() {
        let none = json!({});
        assert_eq!(checked(&[], "tools/list", &none), Ok(Era::Legacy));
        for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
            assert_eq!(checked(&[(VERSION, version)], "tools/list", &none), Ok(Era::Legacy));
        }
        assert_eq!(checked(&[(VERSION, "2025-11-25")], "initialize", &none), Ok(Era::Legacy));
        assert_eq!(
            checked(&[(VERSION, NOW)], "initialize", &none),
            Ok(Era::Legacy),
            "it names what it would like"
        );
        assert_eq!(checked(&[(VERSION, "2020-01-01")], "tools/list", &none), Err(-32022));
        assert_eq!(checked(&[(VERSION, "nonsense")], "tools/list", &none), Err(-32022));
    }

    #[test]
    fn modern_requests_repeat_themselves_in_their_headers() {
        let params = json!({"_meta": meta(NOW), "name": "list_incidents"});
        let call = |headers: &[(&str, &str)]| checked(headers, "tools/call", &params);
        assert_eq!(
            call(&[(VERSION, NOW), (METHOD, "tools/call"), (NAME, "list_incidents")]),
            Ok(Era::Modern)
        );
        assert_eq!(
            call(&[(VERSION, NOW), (METHOD, "tools/call"), (NAME, "=?base64?bGlzdF9pbmNpZGVudHM=?=")]),
            Ok(Era::Modern)
        );
        for headers in [
            &[(METHOD, "tools/call"), (NAME, "list_incidents")][..],
            &[(VERSION, NOW), (NAME, "list_incidents")],
            &[(VERSION, NOW), (METHOD, "tools/list"), (NAME, "list_incidents")],
            &[(VERSION, NOW), (METHOD, "tools/call")],
            &[(VERSION, NOW), (METHOD, "tools/call"), (NAME, "get_incident")],
            &[(VERSION, NOW), (METHOD, "tools/call"), (NAME, "=?base64?%%?=")],
            &[(VERSION, NOW), (METHOD, "tools/call"), (METHOD, "tools/call"), (NAME, "list_incidents")],
            &[(VERSION, "2025-11-25"), (METHOD, "tools/call"), (NAME, "list_incidents")],
        ] {
            assert_eq!(call(headers), Err(-32020), "{headers:?}");
        }
    }

    #[test]
    fn modern_requests_without_metadata_are_refused() {
        let headers = [(VERSION, NOW), (METHOD, "tools/list")];
        assert_eq!(checked(&headers, "tools/list", &json!({})), Err(-32602));
        let partial = json!({"_meta": {"io.modelcontextprotocol/protocolVersion": NOW}});
        assert_eq!(checked(&headers, "tools/list", &partial), Err(-32602));
        assert_eq!(checked(&[], "server/discover", &json!({})), Err(-32602));
    }

    #[test]
    fn unknown_revisions_are_answered_with_the_known_ones() {
        let params = json!({"_meta": meta("2030-01-01")});
        assert_eq!(
            checked(&[(VERSION, "2030-01-01"), (METHOD, "tools/list")], "tools/list", &params),
            Err(-32022)
        );
    }

    #[test]
    fn only_modern_errors_have_statuses_of_their_own() {
        assert_eq!(Era::Modern.status(ErrorCode::METHOD_NOT_FOUND), StatusCode::NOT_FOUND);
        assert_eq!(Era::Legacy.status(ErrorCode::METHOD_NOT_FOUND), StatusCode::OK);
        assert_eq!(Era::Modern.status(ErrorCode::INVALID_PARAMS), StatusCode::OK);
        assert_eq!(Era::Legacy.status(ErrorCode::PARSE_ERROR), StatusCode::BAD_REQUEST);
    }
}
