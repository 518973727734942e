//! Redis: credentials, commands, memory, disk, replicas.

use aurora_mcp_gateway::health::{Broker, Probe, Reason, RedisProbe, RedisSettings, Status, Verdict};

use crate::bed::{Bed, until};

const SERVER: [&str; 4] = ["redis-server", "--protected-mode", "no", "--save"];

async fn check(url: &str) -> Verdict {
    let settings = RedisSettings { url: url.to_owned().into(), ca_certs: None, verify: true };
    RedisProbe::new(Broker::new(&settings).unwrap()).check().await
}

/// A server with further settings.
async fn server(bed: &Bed, name: &str, settings: &[&str]) -> String {
    let command = [&SERVER, [""].as_slice(), settings].concat();
    bed.start(name, "redis:7", &command, &[]).await
}

#[tokio::test]
async fn a_server_that_limits_its_callers_says_which_way() {
    Bed::run(async |bed| {
        let address = server(bed, "locked", &["--requirepass", "secret"]).await;
        until(Status::Unhealthy, Reason::Auth, async || check(&format!("redis://{address}/0")).await).await;
        let right = format!("redis://:secret@{address}/0");
        until(Status::Healthy, Reason::Ok, async || check(&right).await).await;

        let address = server(bed, "narrow", &["--user", "probe", "on", ">word", "+ping"]).await;
        let narrow = format!("redis://probe:word@{address}/0");
        until(Status::Unhealthy, Reason::Permission, async || check(&narrow).await).await;
    })
    .await;
}

#[tokio::test]
async fn a_server_without_memory_or_disk_says_so() {
    Bed::run(async |bed| {
        let full = server(bed, "full", &["--maxmemory", "100kb"]).await;
        until(Status::Unhealthy, Reason::OutOfMemory, async || check(&format!("redis://{full}/0")).await)
            .await;

        let disk = server(bed, "disk", &["--dir", "/proc"]).await;
        let url = format!("redis://{disk}/0");
        until(Status::Healthy, Reason::Ok, async || check(&url).await).await;
        bed.exec("disk", &["redis-cli", "bgsave"]).await;
        until(Status::Degraded, Reason::PersistenceFailing, async || check(&url).await).await;
    })
    .await;
}

#[tokio::test]
async fn a_replica_loads_then_is_read_only_then_has_lost_its_master() {
    Bed::run(async |bed| {
        let master = server(bed, "master", &["--enable-debug-command", "yes"]).await;
        until(Status::Healthy, Reason::Ok, async || check(&format!("redis://{master}/0")).await).await;
        bed.exec("master", &["redis-cli", "debug", "populate", "300", "key", "4096"]).await;

        // 300 keys at 20 ms each: loading takes some seconds, and can be seen.
        let slowly = ["--key-load-delay", "20000", "--loading-process-events-interval-bytes", "1024"];
        let settings =
            [["--replicaof", &master, "6379"].as_slice(), ["--dir", "/data"].as_slice(), slowly.as_slice()]
                .concat();
        let replica = server(bed, "replica", &settings).await;
        let url = format!("redis://{replica}/0");
        until(Status::Unhealthy, Reason::Loading, async || check(&url).await).await;
        until(Status::Unhealthy, Reason::ReadOnly, async || check(&url).await).await;
        bed.stop("master").await;
        until(Status::Unhealthy, Reason::ReplicaWithoutMaster, async || check(&url).await).await;
    })
    .await;
}
