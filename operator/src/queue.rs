//! What waits for a pass. What changed goes first: passes without a reason are only added while there is room.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use aurora_mcp_crds::McpToken;
use kube::runtime::reflector::ObjectRef;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{Notify, broadcast};

/// Passes that run at once: enough to hide the latency of Postgres and the API server, few enough for both.
pub(crate) const CONCURRENCY: u16 = 16;
/// The most that passes without a reason may occupy: what changes meanwhile begins at once.
const ROOM: i64 = 8;
/// McpTokens that may be on their way to a controller; what is lost beyond that is found by the next resync.
const CAPACITY: usize = 65_536;

/// Counts what waits and what runs, and takes orders for passes from everywhere but the watch of the McpTokens itself.
pub(crate) struct Queue {
    waiting: Mutex<HashSet<ObjectRef<McpToken>>>,
    orders: broadcast::Sender<ObjectRef<McpToken>>,
    again: Notify,
    depth: Gauge,
    running: Gauge,
}

/// A pass that runs until this is dropped.
pub(crate) struct Running<'a>(&'a Queue);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.dec();
    }
}

impl Queue {
    /// An empty queue that reports through these gauges.
    pub(crate) fn new(depth: Gauge, running: Gauge) -> Self {
        depth.set(0);
        running.set(0);
        let (orders, _) = broadcast::channel(CAPACITY);
        Self { waiting: Mutex::default(), orders, again: Notify::new(), depth, running }
    }

    /// Orders a pass.
    pub(crate) fn order(&self, object: ObjectRef<McpToken>) {
        self.note(object.clone());
        // Nobody listens before the controllers run: the first round of the resync looks at every token.
        let _ = self.orders.send(object);
    }

    /// The orders from now on, for a controller.
    pub(crate) fn orders(&self) -> broadcast::Receiver<ObjectRef<McpToken>> {
        self.orders.subscribe()
    }

    /// Takes note of a pass that waits.
    pub(crate) fn note(&self, object: ObjectRef<McpToken>) {
        self.change(|waiting| _ = waiting.insert(object));
    }

    /// A pass begins.
    pub(crate) fn begin(&self, object: &ObjectRef<McpToken>) -> Running<'_> {
        self.forget(object);
        self.running.inc();
        Running(self)
    }

    /// A pass will not come: the McpToken is gone.
    pub(crate) fn forget(&self, object: &ObjectRef<McpToken>) {
        self.change(|waiting| _ = waiting.remove(object));
    }

    /// Orders were lost. Every token is looked at again.
    pub(crate) fn lost(&self) {
        self.change(HashSet::clear);
        self.look_at_all();
    }

    fn change(&self, change: impl FnOnce(&mut HashSet<ObjectRef<McpToken>>)) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut waiting);
        self.depth.set(i64::try_from(waiting.len()).unwrap_or(i64::MAX));
    }

    /// True while there is room for a pass without a reason.
    pub(crate) fn has_room(&self) -> bool {
        self.depth.get() + self.running.get() < ROOM
    }

    /// Something happened that may concern every McpToken.
    pub(crate) fn look_at_all(&self) {
        self.again.notify_one();
    }

    /// Waits until [`Queue::look_at_all`].
    pub(crate) async fn asked_for_all(&self) {
        self.again.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(number: i64) -> ObjectRef<McpToken> {
        ObjectRef::new(&number.to_string()).within("n")
    }

    #[test]
    fn what_waits_and_runs_leaves_less_room_for_passes_without_a_reason() {
        let (depth, running) = (Gauge::default(), Gauge::default());
        let queue = Queue::new(depth.clone(), running.clone());
        for number in 0..ROOM {
            assert!(queue.has_room());
            queue.order(object(number));
            queue.order(object(number));
        }
        assert_eq!((depth.get(), queue.has_room()), (ROOM, false), "each waits once");
        let pass = queue.begin(&object(0));
        assert_eq!((depth.get(), running.get(), queue.has_room()), (ROOM - 1, 1, false));
        drop(pass);
        assert!(queue.has_room());
        queue.forget(&object(1));
        assert_eq!((depth.get(), running.get()), (ROOM - 2, 0));
    }

    #[tokio::test]
    async fn lost_orders_do_not_wait_for_ever() {
        let queue = Queue::new(Gauge::default(), Gauge::default());
        queue.order(object(1));
        queue.lost();
        assert_eq!(queue.depth.get(), 0);
        queue.asked_for_all().await;
    }
}
