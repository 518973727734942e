//! The ping of Celery against a real worker on a real Redis.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::time::Duration;

use aurora_mcp_gateway::health::{Broker, CeleryProbe, Probe, Reason, RedisSettings, Status, Verdict};
use futures::StreamExt;
use redis::aio::MultiplexedConnection;

const BINDINGS: &str = "_kombu.binding.reply.celery.pidbox";

#[expect(clippy::disallowed_methods, clippy::panic, reason = "the test bed says where its services are")]
fn redis_url() -> String {
    std::env::var("TEST_REDIS_URL")
        .unwrap_or_else(|_| panic!("TEST_REDIS_URL is not set: run `make services` or `make test`"))
}

/// The same Redis with another database, in which no worker listens.
fn database(number: u8) -> String {
    let url = redis_url();
    let (server, _) = url.rsplit_once('/').unwrap();
    format!("{server}/{number}")
}

async fn check(url: &str) -> Verdict {
    let settings = RedisSettings { url: url.to_owned().into(), ca_certs: None, verify: true };
    CeleryProbe::new(Broker::new(&settings).unwrap()).check().await
}

async fn connect(url: &str) -> MultiplexedConnection {
    redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap()
}

#[tokio::test]
async fn a_real_worker_answers_by_its_name() {
    let verdict = check(&redis_url()).await;
    assert_eq!(verdict.status, Status::Healthy, "{verdict:?}");
    assert!(verdict.detail["workers"][0].as_str().unwrap().contains('@'), "{verdict:?}");
}

#[tokio::test]
async fn without_a_worker_it_is_degraded() {
    let verdict = check(&database(5)).await;
    assert_eq!((verdict.status, verdict.reason), (Status::Degraded, Reason::NoWorkers), "{verdict:?}");
}

#[tokio::test]
async fn a_worker_that_listens_and_never_answers_is_frozen() {
    let url = database(6);
    let mut listening = redis::Client::open(url.as_str()).unwrap().get_async_pubsub().await.unwrap();
    listening.psubscribe("/6.celery.pidbox").await.unwrap();
    let verdict = check(&url).await;
    assert_eq!((verdict.status, verdict.reason), (Status::Degraded, Reason::WorkerFrozen), "{verdict:?}");
    let heard = tokio::time::timeout(Duration::from_secs(10), listening.on_message().take(2).count()).await;
    assert_eq!(heard, Ok(2), "silence is confirmed by a second ping");
    let left: u64 = redis::cmd("SCARD").arg(BINDINGS).query_async(&mut connect(&url).await).await.unwrap();
    assert_eq!(left, 0, "a ping without an answer leaves no binding");
}

#[tokio::test]
async fn a_broker_that_refuses_is_unhealthy() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let verdict = check(&format!("redis://127.0.0.1:{port}/0")).await;
    assert_eq!((verdict.status, verdict.reason), (Status::Unhealthy, Reason::Refused), "{verdict:?}");
}

#[tokio::test]
async fn a_queue_is_counted_over_all_priorities() {
    let url = database(7);
    let mut connection = connect(&url).await;
    let lists = ["celery", "celery\u{6}\u{16}3", "celery\u{6}\u{16}9"];
    redis::cmd("DEL").arg(&lists).query_async::<()>(&mut connection).await.unwrap();
    for list in lists {
        redis::cmd("LPUSH").arg(list).arg("task").query_async::<()>(&mut connection).await.unwrap();
    }
    let verdict = check(&url).await;
    redis::cmd("DEL").arg(&lists).query_async::<()>(&mut connection).await.unwrap();
    assert_eq!(verdict.detail["queue_length"], 3, "{verdict:?}");
}

#[tokio::test]
async fn pings_leave_nothing_behind() {
    let url = redis_url();
    let mut connection = connect(&url).await;
    // A gateway that was ended in the middle of a ping leaves its list.
    let before = reply_lists(&mut connection).await;
    check(&url).await;
    let mut left = Vec::new();
    // Other tests ping the same worker: their lists come and go, ours must not stay.
    for _ in 0..200 {
        let mut found = reply_lists(&mut connection).await;
        found.retain(|list| !before.contains(list));
        if left.is_empty() {
            left.clone_from(&found);
        }
        left.retain(|list| found.contains(list));
        if left.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(left.is_empty(), "{left:?}");
}

async fn reply_lists(connection: &mut redis::aio::MultiplexedConnection) -> Vec<String> {
    redis::cmd("KEYS").arg("*-*.reply.celery.pidbox*").query_async(connection).await.unwrap()
}
