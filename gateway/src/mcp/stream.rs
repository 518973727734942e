//! Answers as event streams: progress while a request runs, then its answer.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use futures::stream::{Stream, StreamExt, unfold};
use rmcp::model::ProgressNotificationParam;
use serde_json::json;
use tokio::sync::mpsc;

/// Tells nginx to pass events on as they come.
const UNBUFFERED: [(&str, &str); 1] = [("x-accel-buffering", "no")];
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Reports that may wait for a slow client; more are dropped, for a later one says more.
pub const QUEUE: usize = 16;

enum State {
    Running { work: BoxFuture<'static, String>, progress: mpsc::Receiver<ProgressNotificationParam> },
    Done,
}

/// Streams progress until `work` gives the final message. Dropping the response drops the work.
pub fn respond(
    work: BoxFuture<'static, String>,
    progress: mpsc::Receiver<ProgressNotificationParam>,
) -> Response {
    let messages = unfold(State::Running { work, progress }, |state| async move {
        let State::Running { mut work, mut progress } = state else { return None };
        let (text, next) = tokio::select! {
            biased;
            Some(report) = progress.recv() => (notification(&report), State::Running { work, progress }),
            answer = &mut work => (answer, State::Done),
        };
        Some((text, next))
    });
    events(messages)
}

/// A stream of messages.
pub fn events(messages: impl Stream<Item = String> + Send + 'static) -> Response {
    let events = messages.map(|text| Ok::<_, Infallible>(Event::default().data(text)));
    let stream = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    (UNBUFFERED, stream).into_response()
}

fn notification(report: &ProgressNotificationParam) -> String {
    json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": report}).to_string()
}
