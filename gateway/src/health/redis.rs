//! The probe of Redis: PING, then role, memory and persistence as INFO tells them.

use std::collections::BTreeMap;

use redis::RedisError;
use redis::aio::MultiplexedConnection;

use super::broker::{self, Broker};
use super::probe::Probe;
use super::reason::Reason;
use super::verdict::Verdict;

/// Asks Redis.
pub struct RedisProbe {
    broker: Broker,
    connection: Option<MultiplexedConnection>,
}

impl RedisProbe {
    /// A probe that connects at its first check.
    pub fn new(broker: Broker) -> Self {
        Self { broker, connection: None }
    }

    async fn ask(&mut self) -> Result<Info, RedisError> {
        // Taken out while in use: a check that is given up does not leave a half-read connection behind.
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.broker.connect().await?,
        };
        redis::cmd("PING").query_async::<()>(&mut connection).await?;
        let info: String = redis::cmd("INFO").query_async(&mut connection).await?;
        self.connection = Some(connection);
        Ok(Info::parse(&info))
    }
}

impl Probe for RedisProbe {
    async fn check(&mut self) -> Verdict {
        let verdict = match self.ask().await {
            Ok(info) => classify(&info),
            Err(error) => Verdict::unreachable("Redis", self.broker.address(), broker::cause(&error)),
        };
        verdict.with("address", self.broker.address())
    }
}

/// The answer to INFO.
#[derive(Debug, Default)]
struct Info(BTreeMap<String, String>);

impl Info {
    fn parse(text: &str) -> Self {
        let pairs =
            text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(':'));
        Self(pairs.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect())
    }

    fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    fn number(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap_or(0)
    }
}

/// Facts that a person looks at first.
const SHOWN: [&str; 5] =
    ["redis_version", "redis_mode", "role", "maxmemory_policy", "rdb_last_bgsave_status"];
const COUNTED: [&str; 6] = [
    "uptime_in_seconds",
    "used_memory",
    "maxmemory",
    "connected_clients",
    "evicted_keys",
    "rejected_connections",
];

fn classify(info: &Info) -> Verdict {
    let mut verdict = judge(info);
    for name in SHOWN.iter().filter(|name| !info.text(name).is_empty()) {
        verdict = verdict.with(name, info.text(name));
    }
    for name in COUNTED.iter().filter(|name| !info.text(name).is_empty()) {
        verdict = verdict.with(name, info.number(name));
    }
    verdict
}

fn judge(info: &Info) -> Verdict {
    let (used, limit) = (info.number("used_memory"), info.number("maxmemory"));
    if info.text("loading") == "1" {
        return Verdict::unhealthy(Reason::Loading, "Redis is loading its data and serves nothing yet.");
    }
    if info.text("role") == "slave" {
        return if info.text("master_link_status") == "up" {
            Verdict::unhealthy(Reason::ReadOnly, "Redis is a replica: Aurora cannot write to it.")
        } else {
            Verdict::unhealthy(
                Reason::ReplicaWithoutMaster,
                "Redis is a replica whose master is unreachable.",
            )
        };
    }
    if limit > 0 && used >= limit && info.text("maxmemory_policy") == "noeviction" {
        return Verdict::unhealthy(Reason::OutOfMemory, "Redis has used all its memory and refuses writes.");
    }
    if info.text("rdb_last_bgsave_status") == "err" || info.text("aof_last_write_status") == "err" {
        let text = "Redis cannot write its data to disk: a restart would lose queued tasks.";
        return Verdict::degraded(Reason::PersistenceFailing, text);
    }
    Verdict::healthy("Redis answers and accepts writes.")
}

#[cfg(test)]
mod tests {
    use super::super::verdict::Status;
    use super::*;

    const MASTER: &str = "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nuptime_in_seconds:12\r\n\
        # Replication\r\nrole:master\r\n# Persistence\r\nloading:0\r\nrdb_last_bgsave_status:ok\r\n\
        aof_last_write_status:ok\r\n# Memory\r\nused_memory:1000\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n";

    #[test]
    fn states_are_told_apart() {
        type Case<'a> = (&'a [(&'a str, &'a str)], Status, Reason);
        let table: &[Case<'_>] = &[
            (&[], Status::Healthy, Reason::Ok),
            (&[("loading", "1")], Status::Unhealthy, Reason::Loading),
            (&[("role", "slave"), ("master_link_status", "up")], Status::Unhealthy, Reason::ReadOnly),
            (
                &[("role", "slave"), ("master_link_status", "down")],
                Status::Unhealthy,
                Reason::ReplicaWithoutMaster,
            ),
            (&[("maxmemory", "1000")], Status::Unhealthy, Reason::OutOfMemory),
            (&[("maxmemory", "1000"), ("maxmemory_policy", "allkeys-lru")], Status::Healthy, Reason::Ok),
            (&[("rdb_last_bgsave_status", "err")], Status::Degraded, Reason::PersistenceFailing),
            (&[("aof_last_write_status", "err")], Status::Degraded, Reason::PersistenceFailing),
        ];
        for (changes, status, reason) in table {
            let mut info = Info::parse(MASTER);
            for (name, value) in *changes {
                info.0.insert((*name).to_owned(), (*value).to_owned());
            }
            let verdict = classify(&info);
            assert_eq!((verdict.status, verdict.reason), (*status, *reason), "{changes:?}");
        }
    }

    #[test]
    fn detail_has_facts_with_their_types() {
        let detail = classify(&Info::parse(MASTER)).detail;
        assert_eq!(detail["redis_version"], "7.0.15");
        assert_eq!(detail["used_memory"], 1000);
        assert!(!detail.contains_key("evicted_keys"));
    }

    #[test]
    fn an_answer_that_is_no_info_harms_nobody() {
        for text in ["", "\r\n", "nonsense", ":::", "used_memory:many\r\n"] {
            assert_eq!(classify(&Info::parse(text)).status, Status::Healthy, "{text:?}");
        }
    }
}
