//! The probe of Celery: a broadcast ping over Redis, counted against the workers that are connected, and the length
//! of the queue.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use redis::RedisError;
use redis::aio::MultiplexedConnection;
use tokio::time::Instant;
use uuid::Uuid;

use super::broker::{self, Broker};
use super::pidbox::{self, Ping};
use super::probe::Probe;
use super::reason::Reason;
use super::verdict::Verdict;

/// Workers answer within milliseconds; a busy machine may take longer.
const REPLY_LIMIT: Duration = Duration::from_millis(1500);
/// This many lengths of the queue are remembered.
const MEMORY: usize = 6;
/// Below this a growing queue is no trouble.
const BACKLOG: u64 = 100;

/// Asks the workers.
pub struct CeleryProbe {
    broker: Broker,
    lengths: VecDeque<u64>,
    last_seen: BTreeSet<String>,
}

/// What a ping brought.
#[derive(Debug, Default, PartialEq, Eq)]
struct Answers {
    /// Worker processes that are connected to the broker.
    connected: u64,
    /// Nodes that answered.
    nodes: BTreeSet<String>,
}

impl CeleryProbe {
    /// A probe that connects at each check: a ping leaves nothing behind, not even a connection.
    pub fn new(broker: Broker) -> Self {
        Self { broker, lengths: VecDeque::new(), last_seen: BTreeSet::new() }
    }

    async fn ask(&self) -> Result<(Answers, u64), RedisError> {
        let mut connection = self.broker.connect().await?;
        let mut answers = self.ping(&mut connection).await?;
        if answers.connected > 0 && answers.nodes.is_empty() {
            // Redis may have evicted the binding in between: silence counts only when it is repeated.
            answers = self.ping(&mut connection).await?;
        }
        let mut waiting = 0;
        for list in pidbox::with_priorities(pidbox::QUEUE) {
            waiting += redis::cmd("LLEN").arg(list).query_async::<u64>(&mut connection).await?;
        }
        Ok((answers, waiting))
    }

    async fn ping(&self, connection: &mut MultiplexedConnection) -> Result<Answers, RedisError> {
        let ping = Ping::new(self.broker.database(), Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4());
        let answered = exchange(connection, &ping).await;
        let cleaned = clean_up(connection, &ping).await;
        answered.and_then(|answers| cleaned.map(|()| answers))
    }
}

impl Probe for CeleryProbe {
    async fn check(&mut self) -> Verdict {
        let verdict = match self.ask().await {
            Ok((answers, waiting)) => {
                self.lengths.push_back(waiting);
                while self.lengths.len() > MEMORY {
                    self.lengths.pop_front();
                }
                let verdict = classify(&answers, self.lengths.make_contiguous(), &self.last_seen);
                if !answers.nodes.is_empty() {
                    self.last_seen = answers.nodes;
                }
                verdict
            }
            Err(error) => {
                Verdict::unreachable("Celery's broker", self.broker.address(), broker::cause(&error))
            }
        };
        verdict.with("broker", self.broker.address())
    }
}

async fn exchange(connection: &mut MultiplexedConnection, ping: &Ping) -> Result<Answers, RedisError> {
    // Bound before it is published: a reply takes two milliseconds.
    redis::cmd("SADD").arg(pidbox::BINDINGS).arg(&ping.binding).query_async::<()>(connection).await?;
    let publish = redis::cmd("PUBLISH").arg(&ping.channel).arg(&ping.envelope).to_owned();
    let connected: u64 = publish.query_async(connection).await?;
    let mut answers = Answers { connected, nodes: BTreeSet::new() };
    let deadline = Instant::now() + REPLY_LIMIT;
    let mut replies = 0;
    while replies < connected {
        let left = deadline.saturating_duration_since(Instant::now());
        // BRPOP takes 0 for ever.
        if left < Duration::from_millis(1) {
            break;
        }
        let pop = redis::cmd("BRPOP").arg(&ping.reply_list).arg(left.as_secs_f64()).to_owned();
        match pop.query_async::<Option<(String, Vec<u8>)>>(connection).await? {
            Some((_, reply)) => answers.nodes.extend(ping.nodes(&reply)),
            None => break,
        }
        replies += 1;
    }
    Ok(answers)
}

/// After this a late reply finds no way and is dropped by its worker.
async fn clean_up(connection: &mut MultiplexedConnection, ping: &Ping) -> Result<(), RedisError> {
    redis::cmd("SREM").arg(pidbox::BINDINGS).arg(&ping.binding).query_async::<()>(connection).await?;
    redis::cmd("DEL").arg(&pidbox::with_priorities(&ping.reply_list)).query_async::<()>(connection).await
}

/// Aurora's rule: without workers it is degraded, not unhealthy.
fn classify(answers: &Answers, lengths: &[u64], last_seen: &BTreeSet<String>) -> Verdict {
    let answered = answers.nodes.len() as u64;
    let waiting = lengths.last().copied().unwrap_or(0);
    let gone: Vec<&str> = last_seen.difference(&answers.nodes).map(String::as_str).collect();
    let verdict = if answers.connected == 0 {
        let last = if gone.is_empty() { String::new() } else { format!(" Last seen: {}.", gone.join(", ")) };
        Verdict::degraded(Reason::NoWorkers, format!("No Celery worker is connected.{last}"))
    } else if answered < answers.connected {
        let text = format!("{answered} of {} connected Celery workers answer.", answers.connected);
        Verdict::degraded(Reason::WorkerFrozen, text)
    } else if is_growing(lengths) {
        let text = format!("{waiting} tasks wait, and the queue keeps growing.");
        Verdict::degraded(Reason::QueueGrowing, text)
    } else {
        let workers = if answered == 1 { "worker" } else { "workers" };
        Verdict::healthy(format!("{answered} Celery {workers} active."))
    };
    let nodes: Vec<&str> = answers.nodes.iter().map(String::as_str).collect();
    let verdict =
        verdict.with("connected", answers.connected).with("workers", nodes).with("queue_length", waiting);
    if gone.is_empty() { verdict } else { verdict.with("not_answering", gone) }
}

fn is_growing(lengths: &[u64]) -> bool {
    lengths.len() >= MEMORY
        && lengths.last().is_some_and(|last| *last >= BACKLOG)
        && lengths.windows(2).all(|pair| pair[0] < pair[1])
}

#[cfg(test)]
mod tests {
    use super::super::verdict::Status;
    use super::*;

    fn nodes(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    type Case<'a> = (u64, &'a [&'a str], &'a [u64], Status, Reason);

    #[test]
    fn outcomes_of_a_ping_are_told_apart() {
        let growing = [10, 20, 40, 80, 160, 320];
        let table: &[Case<'_>] = &[
            (1, &["celery@a"], &[0], Status::Healthy, Reason::Ok),
            (2, &["celery@a", "celery@b"], &[5], Status::Healthy, Reason::Ok),
            (0, &[], &[0], Status::Degraded, Reason::NoWorkers),
            (1, &[], &[0], Status::Degraded, Reason::WorkerFrozen),
            (2, &["celery@a"], &[0], Status::Degraded, Reason::WorkerFrozen),
            (1, &["celery@a"], &growing, Status::Degraded, Reason::QueueGrowing),
            (0, &[], &growing, Status::Degraded, Reason::NoWorkers),
        ];
        for (connected, names, lengths, status, reason) in table {
            let answers = Answers { connected: *connected, nodes: nodes(names) };
            let verdict = classify(&answers, lengths, &BTreeSet::new());
            assert_eq!((verdict.status, verdict.reason), (*status, *reason), "{answers:?} {lengths:?}");
        }
    }

    #[test]
    fn a_worker_that_is_gone_is_named() {
        let verdict = classify(&Answers::default(), &[0], &nodes(&["celery@a"]));
        assert_eq!(verdict.message, "No Celery worker is connected. Last seen: celery@a.");
        assert_eq!(verdict.detail["not_answering"], serde_json::json!(["celery@a"]));
    }

    #[test]
    fn a_queue_grows_only_when_it_is_long_and_never_shrinks() {
        let table: &[(&[u64], bool)] = &[
            (&[], false),
            (&[500], false),
            (&[1, 2, 3, 4, 5, 6], false),
            (&[100, 200, 300, 400, 500, 600], true),
            (&[100, 200, 300, 300, 500, 600], false),
            (&[600, 500, 400, 300, 200, 100], false),
        ];
        for (lengths, expected) in table {
            assert_eq!(is_growing(lengths), *expected, "{lengths:?}");
        }
    }
}
