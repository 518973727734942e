//! The probe of Redis against a real Redis.

#![expect(clippy::unwrap_used, reason = "a test may")]

use aurora_mcp_gateway::health::{Broker, Probe, Reason, RedisProbe, RedisSettings, Status, Verdict};

#[expect(clippy::disallowed_methods, clippy::panic, reason = "the test bed says where its services are")]
fn redis_url() -> String {
    std::env::var("TEST_REDIS_URL")
        .unwrap_or_else(|_| panic!("TEST_REDIS_URL is not set: run `make services` or `make test`"))
}

async fn check(url: &str) -> Verdict {
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let settings = RedisSettings { url: url.to_owned().into(), ca_certs: None, verify: false };
    RedisProbe::new(Broker::new(&settings).unwrap()).check().await
}

#[tokio::test]
async fn a_working_redis_is_healthy_and_tells_its_version() {
    let verdict = check(&redis_url()).await;
    assert_eq!(verdict.status, Status::Healthy, "{verdict:?}");
    assert!(verdict.detail["redis_version"].as_str().unwrap().contains('.'));
    assert_eq!(verdict.detail["role"], "master");
}

#[tokio::test]
async fn one_probe_can_be_asked_again() {
    let settings = RedisSettings { url: redis_url().into(), ca_certs: None, verify: true };
    let mut probe = RedisProbe::new(Broker::new(&settings).unwrap());
    for _ in 0..3 {
        assert_eq!(probe.check().await.status, Status::Healthy);
    }
}

#[tokio::test]
async fn a_password_that_redis_does_not_know_is_told_apart_and_not_shown() {
    let verdict = check(&redis_url().replace("redis://", "redis://nobody:hunter2@")).await;
    assert_eq!((verdict.status, verdict.reason), (Status::Unhealthy, Reason::Auth), "{verdict:?}");
    assert!(!format!("{verdict:?}").contains("hunter2"));
}

#[tokio::test]
async fn tls_on_a_plain_port_fails_with_a_reason() {
    let verdict = check(&redis_url().replace("redis://", "rediss://")).await;
    assert_eq!(verdict.status, Status::Unhealthy);
    // Redis waits for the end of what it takes for a line; it depends on the bytes whether it gets one.
    assert!(matches!(verdict.reason, Reason::Tls | Reason::Reset | Reason::Timeout), "{verdict:?}");
}

#[tokio::test]
async fn a_closed_port_and_an_unknown_name_are_told_apart() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    assert_eq!(check(&format!("redis://127.0.0.1:{port}/0")).await.reason, Reason::Refused);
    assert_eq!(check("redis://no-such-host.invalid/0").await.reason, Reason::Dns);
}

#[tokio::test]
async fn a_server_that_never_answers_times_out() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let verdict = check(&format!("redis://127.0.0.1:{port}/0")).await;
    assert_eq!((verdict.status, verdict.reason), (Status::Unhealthy, Reason::Timeout), "{verdict:?}");
}
