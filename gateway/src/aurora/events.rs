//! Answers that are event streams: what comes in a few seconds, as data. (WHATWG HTML, "Server-sent events".)

use std::time::Duration;

use bytes::BytesMut;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::{Value, json};

/// How long a stream is listened to.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of it is kept.
const MOST: usize = 256 * 1024;

/// Listens to a stream until it ends, or until enough was heard.
pub async fn collect(body: Incoming) -> Value {
    listen(body, PATIENCE).await
}

async fn listen(mut body: Incoming, patience: Duration) -> Value {
    let mut heard = BytesMut::new();
    let listening = async {
        while let Some(Ok(frame)) = body.frame().await {
            let Ok(data) = frame.into_data() else { continue };
            heard.extend_from_slice(&data);
            if heard.len() > MOST {
                return false;
            }
        }
        true
    };
    let ended = tokio::time::timeout(patience, listening).await.unwrap_or(false);
    let mut value = json!({"events": parse(&String::from_utf8_lossy(&heard))});
    if !ended {
        value["cut_off"] = json!("The stream goes on; only its first seconds are shown.");
    }
    value
}

/// The complete events of a stream; data that is JSON is given as such.
fn parse(text: &str) -> Vec<Value> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut blocks: Vec<&str> = text.split("\n\n").collect();
    // What follows the last empty line is an event that has not ended yet.
    blocks.pop();
    blocks.into_iter().filter_map(event).collect()
}

fn event(block: &str) -> Option<Value> {
    let field = |line: &'_ str, name: &str| -> Option<String> {
        let rest = line.strip_prefix(name)?.strip_prefix(':')?;
        Some(rest.strip_prefix(' ').unwrap_or(rest).to_owned())
    };
    let data: Vec<String> = block.lines().filter_map(|line| field(line, "data")).collect();
    if data.is_empty() {
        return None;
    }
    let data = data.join("\n");
    let data = serde_json::from_str(&data).unwrap_or(Value::String(data));
    Some(match block.lines().find_map(|line| field(line, "event")) {
        Some(name) => json!({"event": name, "data": data}),
        None => json!({"data": data}),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use http_body_util::Full;

    use super::super::transport::Transport;
    use super::*;

    #[test]
    fn events_are_read_and_comments_left_out() {
        let text =
            ": keepalive\n\ndata: {\"a\": 1}\n\nevent: note\ndata: two\r\ndata:lines\r\n\r\ndata: unfinish";
        assert_eq!(parse(text), [json!({"data": {"a": 1}}), json!({"event": "note", "data": "two\nlines"})]);
        assert_eq!(parse(""), Vec::<Value>::new());
    }

    /// A server that sends `repeated` for ever, or once and then nothing.
    async fn endless(repeated: String, again: bool) -> Incoming {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let _ = socket.read(&mut [0; 4096]).await;
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
            let _ = socket.write_all(head.as_bytes()).await;
            while socket.write_all(repeated.as_bytes()).await.is_ok() {
                if !again {
                    std::future::pending::<()>().await;
                }
            }
        });
        let _ = rustls::crypto::ring::default_provider().install_default();
        let request = http::Request::get(format!("http://{address}/")).body(Full::default()).unwrap();
        Transport::new().unwrap().send(request).await.unwrap().into_body()
    }

    #[tokio::test]
    async fn a_stream_that_falls_silent_is_cut_by_time() {
        let response = endless("data: 1\n\n".to_owned(), false).await;
        let value = listen(response, Duration::from_millis(200)).await;
        assert_eq!(value["events"], json!([{"data": 1}]));
        assert!(value["cut_off"].as_str().unwrap().contains("goes on"), "{value}");
    }

    #[tokio::test]
    async fn a_stream_that_never_falls_silent_is_cut_by_size() {
        let response = endless(format!("data: {}\n\n", "x".repeat(1000)), true).await;
        let value = listen(response, Duration::from_secs(600)).await;
        let heard = value["events"].as_array().unwrap().len();
        assert!((200..400).contains(&heard), "{heard} events of a thousand letters");
        assert!(value["cut_off"].is_string());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "[a-z:\\r\\n {}\"]{0,200}") {
            let _ = parse(&text);
        }
    }
}
