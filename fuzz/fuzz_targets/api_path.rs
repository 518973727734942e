//! Whatever text a caller gives as a path of Aurora's API: it is refused, or it stays below Aurora's root and means the same
//! to the URL library that sends it, to Flask that decodes it, and to the rules that judge it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use percent_encoding::percent_decode_str;
use url::Url;

#[path = "../../gateway/src/aurora/path.rs"]
#[allow(dead_code, reason = "the gateway uses the rest")]
mod path;

use path::ApiPath;

fn sent(path: &ApiPath) -> Url {
    let url = Url::parse("http://aurora:5080").unwrap().join(path.as_str()).unwrap();
    assert_eq!((url.scheme(), url.host_str(), url.port()), ("http", Some("aurora"), Some(5080)));
    assert!(url.username().is_empty() && url.query().is_none() && url.fragment().is_none());
    assert_eq!(url.path(), path.as_str(), "the URL library would send another path");
    url
}

fn given(text: &str) {
    let Ok(path) = ApiPath::parse(text) else { return };
    let url = sent(&path);
    assert!(url.path().bytes().all(|byte| byte.is_ascii_graphic()));
    let routed = percent_decode_str(url.path()).decode_utf8().unwrap();
    assert_eq!(routed, path.decoded(), "Flask would route another path");
    assert_eq!(percent_decode_str(&routed).decode_utf8().unwrap(), routed, "decoded again it would change");
    assert!(
        !routed.contains("//") && !routed.contains(['?', '#', '\\']) && !routed.chars().any(char::is_control)
    );
    assert!(routed.split('/').all(|segment| segment != "." && segment != ".."));
    let again = ApiPath::parse(path.as_str()).unwrap();
    assert_eq!((again.as_str(), again.decoded()), (path.as_str(), path.decoded()));
}

fn built(text: &str) {
    let segments: Vec<&str> =
        text.split('\n').filter(|segment| !matches!(*segment, "" | "." | "..")).collect();
    if segments.is_empty() {
        return;
    }
    let url = sent(&ApiPath::of(&segments));
    let read: Vec<String> = url
        .path_segments()
        .unwrap()
        .map(|segment| percent_decode_str(segment).decode_utf8().unwrap().into_owned())
        .collect();
    assert_eq!(read, segments, "a segment left its place");
}

fuzz_target!(|text: &str| {
    given(text);
    built(text);
});
