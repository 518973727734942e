//! Celery: a worker that is frozen, one that is gone, a queue that nobody empties.

use aurora_mcp_gateway::health::{Broker, CeleryProbe, Probe, Reason, RedisSettings, Status, Verdict};

use crate::bed::{Bed, until};

/// Process 1 can't be stopped, so the worker is its child.
const WORKER: &str = "import subprocess, sys; subprocess.run([sys.executable, '-m', 'celery', '-A', 'celery_config', 'worker', '--concurrency=1'] + sys.argv[1:])";
/// Sends a signal to every process of the worker.
const SIGNAL: &str = "import os, sys
for entry in os.listdir('/proc'):
    if entry.isdigit() and int(entry) not in (1, os.getpid()):
        os.kill(int(entry), int(sys.argv[1]))";
const STOP: &str = "19";
const CONTINUE: &str = "18";

fn probe(url: &str) -> CeleryProbe {
    let settings = RedisSettings { url: url.to_owned().into(), ca_certs: None, verify: true };
    CeleryProbe::new(Broker::new(&settings).unwrap())
}

async fn worker(bed: &Bed, url: &str, options: &[&str]) {
    let command = [["python3", "-c", WORKER].as_slice(), options].concat();
    bed.start("worker", "celery:5.3.6", &command, &[("REDIS_URL", url)]).await;
}

async fn broker(bed: &Bed) -> String {
    let command = ["redis-server", "--protected-mode", "no", "--save", ""];
    format!("redis://{}/0", bed.start("broker", "redis:7", &command, &[]).await)
}

#[tokio::test]
async fn a_worker_that_is_frozen_is_told_apart_from_one_that_is_gone() {
    Bed::run(async |bed| {
        let url = broker(bed).await;
        let mut probe = probe(&url);
        until(Status::Degraded, Reason::NoWorkers, async || probe.check().await).await;
        worker(bed, &url, &[]).await;
        until(Status::Healthy, Reason::Ok, async || probe.check().await).await;
        bed.exec("worker", &["python3", "-c", SIGNAL, STOP]).await;
        let frozen = until(Status::Degraded, Reason::WorkerFrozen, async || probe.check().await).await;
        bed.exec("worker", &["python3", "-c", SIGNAL, CONTINUE]).await;
        until(Status::Healthy, Reason::Ok, async || probe.check().await).await;
        bed.stop("worker").await;
        let gone = until(Status::Degraded, Reason::NoWorkers, async || probe.check().await).await;
        assert_ne!(frozen.message, gone.message);
    })
    .await;
}

#[tokio::test]
async fn a_queue_that_grows_while_a_worker_answers_is_seen() {
    Bed::run(async |bed| {
        let url = broker(bed).await;
        let mut probe = probe(&url);
        worker(bed, &url, &["-Q", "another"]).await;
        until(Status::Healthy, Reason::Ok, async || probe.check().await).await;
        let mut connection =
            redis::Client::open(url.as_str()).unwrap().get_multiplexed_async_connection().await.unwrap();
        let mut more = async || -> Verdict {
            let tasks = vec!["{}"; 60];
            redis::cmd("LPUSH").arg("celery").arg(tasks).query_async::<()>(&mut connection).await.unwrap();
            probe.check().await
        };
        let growing = until(Status::Degraded, Reason::QueueGrowing, async || more().await).await;
        assert!(growing.detail["queue_length"].as_u64().is_some_and(|length| length > 100), "{growing:?}");
    })
    .await;
}
