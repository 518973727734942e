//! What the edge can bear.

use std::time::Duration;

/// Bounds of requests and connections.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections open at the same time; more wait in the kernel's queue.
    pub connections: usize,
    /// Requests served at the same time; more are refused with 503 at once.
    pub concurrent_requests: usize,
    /// Bytes of a body.
    pub body: usize,
    /// How long a client may take to send its body.
    pub body_read: Duration,
    /// How long a client may take to send its headers.
    pub header_read: Duration,
    /// Bytes of all headers together. A hundred headers are the most: hyper's own limit, which costs least.
    pub header_bytes: usize,
    /// The longest request; above the longest call of Aurora.
    pub request: Duration,
    /// How long requests are still taken after the signal to stop, while load balancers learn of it.
    pub linger: Duration,
    /// How long requests in flight may then take.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            concurrent_requests: 512,
            body: 2 * 1024 * 1024,
            body_read: Duration::from_secs(15),
            header_read: Duration::from_secs(10),
            header_bytes: 32 * 1024,
            request: Duration::from_secs(150),
            linger: Duration::from_secs(3),
            drain: Duration::from_secs(75),
        }
    }
}

/// What a request does besides waiting: asking, and fetching the answer.
const BESIDES: Duration = Duration::from_secs(5);

impl Limits {
    /// How long a request may wait for something, so that a gateway that stops need not cut it off.
    pub fn longest_wait(&self) -> Duration {
        self.drain.min(self.request).saturating_sub(BESIDES)
    }
}
