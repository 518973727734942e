//! JSON that is hard on whoever reads it: text that is no text, depth, names that are there twice. From clients and from Aurora.

use axum::routing::get;
use serde_json::json;

use crate::world::{ALICES, run, run_with};

#[tokio::test]
async fn bodies_that_are_no_utf_8_are_no_json() {
    run(async |world| {
        let bearer = format!("Bearer {ALICES}");
        for bad in [&b"\xff"[..], b"\xc0\xaf", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xe2\x82"] {
            let mut body = br#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":""#.to_vec();
            body.extend_from_slice(bad);
            body.extend_from_slice(br#""}}"#);
            let answer = world.post(&[("authorization", &bearer)], body).await;
            assert_eq!((answer.status, answer.code()), (400, -32700), "{bad:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_id_comes_back_as_it_was_sent() {
    run(async |world| {
        let bearer = format!("Bearer {ALICES}");
        let long = "x".repeat(10_000);
        for id in [
            json!(0),
            json!(-1),
            json!(i64::MAX),
            json!(i64::MIN),
            json!(""),
            json!("1"),
            json!("\u{202e}\u{0}\"\\</script>\u{1f980}"),
            json!(long),
        ] {
            let body = json!({"jsonrpc": "2.0", "id": id, "method": "ping"}).to_string();
            let answer = world.post(&[("authorization", &bearer)], body).await;
            assert_eq!((answer.status, &answer.json()["id"]), (200, &id));
        }
    })
    .await;
}

/// Wherever it stands, and whether or not anybody looks at it: no stack is used up.
#[tokio::test]
async fn depth_is_limited_or_does_no_harm() {
    run(async |world| {
        let bearer = format!("Bearer {ALICES}");
        let nest = |open: &str, close: &str| format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        let request = |method: &str, params: String| {
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
        };
        for deep in [nest("[", "]"), nest(r#"{"a":"#, "}")] {
            for (body, status, code) in [
                (deep.clone(), 400, -32600),
                (format!(r#"{{"jsonrpc":"2.0","id":{deep},"method":"ping"}}"#), 400, -32600),
                (format!(r#"{{"jsonrpc":"2.0","id":1,"method":{deep}}}"#), 400, -32600),
                (format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","x":{deep}}}"#), 200, 0),
                (request("ping", format!(r#"{{"x":{deep}}}"#)), 200, 0),
                (request("ping", format!(r#"{{"_meta":{{"x":{deep}}}}}"#)), 200, -32602),
                (request("tools/call", format!(r#"{{"name":"x","arguments":{{"a":{deep}}}}}"#)), 200, -32602),
                (request("completion/complete", format!(r#"{{"ref":{deep}}}"#)), 200, -32602),
            ] {
                let shown: String = body.chars().take(90).collect();
                let answer = world.post(&[("authorization", &bearer)], body).await;
                assert_eq!((answer.status, answer.code()), (status, code), "{shown}");
            }
        }
        let filter = json!({"path": "/api/incidents", "select": "(".repeat(50_000)});
        assert!(world.failing_call("aurora_api", filter).await.starts_with("select: "));
        assert_eq!(world.rpc(ALICES, "ping", json!({})).await.status, 200);
    })
    .await;
}

/// What is judged is what is sent, whichever of two a parser takes.
#[tokio::test]
async fn an_argument_that_is_there_twice_gains_nothing() {
    run(async |world| {
        let bearer = format!("Bearer {ALICES}");
        for arguments in [
            r#"{"method":"GET","method":"POST","path":"/api/mcp/tokens"}"#,
            r#"{"path":"/api/incidents","method":"POST","path":"/api/mcp/tokens"}"#,
        ] {
            let body = format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"aurora_api","arguments":{arguments}}}}}"#
            );
            let answer = world.post(&[("authorization", &bearer)], body).await;
            assert!(answer.text.contains("not available through MCP"), "{arguments}: {}", answer.text);
        }
        assert!(world.asked().await.is_empty());
    })
    .await;
}

/// Aurora may be broken, or somebody else may answer in its name.
#[tokio::test]
async fn an_answer_of_auroras_that_is_hostile_itself_is_an_error_of_the_tool() {
    const JSON: [(&str, &str); 1] = [("content-type", "application/json")];
    let nested = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let answers = axum::Router::new()
        .route("/api/deep", get(|| async { (JSON, nested) }))
        .route("/api/huge", get(|| async { (JSON, "1".repeat(9 * 1024 * 1024)) }))
        .route("/api/bytes", get(|| async { (JSON, vec![0xff_u8; 64]) }))
        .route("/api/away", get(|| async { axum::response::Redirect::to("http://127.0.0.1:1/") }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let aurora = tokio::spawn(async { axum::serve(listener, answers).await });
    run_with(
        |config| config.aurora.base = base.parse().unwrap(),
        async |world| {
            for (path, expected) in [
                ("/api/deep", "not JSON"),
                ("/api/huge", "larger than 8 MiB"),
                ("/api/bytes", "not JSON"),
                ("/api/away", "303"),
            ] {
                let text = world.failing_call("aurora_api", json!({"path": path})).await;
                assert!(text.contains(expected), "{path}: {text}");
            }
        },
    )
    .await;
    aurora.abort();
}
