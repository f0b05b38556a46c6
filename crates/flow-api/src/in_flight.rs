//! What a transport must know, and tell, about the send it is making.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use flow_errors::Sent;

/// One send under way: how long it may take, and whether any of it has left the client.
///
/// A transport calls [`mark_sent`](Self::mark_sent) before the first byte of the request may be
/// written. Until then a failure is surely harmless; after it the request may have been run.
#[derive(Clone, Debug)]
pub struct InFlight {
    timeout: Option<Duration>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    sent: AtomicBool,
    /// In nanoseconds; [`NEVER`] is without limit.
    wait: AtomicU64,
}

const NEVER: u64 = u64::MAX;

impl InFlight {
    /// Creates the state of a send that may take `timeout`, reply included.
    #[must_use]
    pub fn new(timeout: Option<Duration>) -> Self {
        let shared = Shared { sent: AtomicBool::new(false), wait: AtomicU64::new(NEVER) };
        Self { timeout, shared: Arc::new(shared) }
    }

    /// Returns how long the send may take, from connecting to the last byte of the reply.
    #[must_use]
    pub const fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Returns how long the next wait may take, for the head or in a read of the body, because a stream
    /// has limits of its own; within [`timeout`](Self::timeout).
    #[must_use]
    pub fn wait_limit(&self) -> Option<Duration> {
        let limit = self.shared.wait.load(Ordering::Relaxed);
        (limit != NEVER).then(|| Duration::from_nanos(limit))
    }

    /// Sets how long the next wait may take, before it begins.
    pub fn set_wait_limit(&self, limit: Option<Duration>) {
        let nanos = limit.and_then(|limit| u64::try_from(limit.as_nanos()).ok());
        self.shared.wait.store(nanos.unwrap_or(NEVER), Ordering::Relaxed);
    }

    /// Notes that some of the request may have been written.
    pub fn mark_sent(&self) {
        self.shared.sent.store(true, Ordering::Release);
    }

    /// Returns whether some of the request may have been written.
    #[must_use]
    pub fn sent(&self) -> Sent {
        if self.shared.sent.load(Ordering::Acquire) { Sent::Perhaps } else { Sent::No }
    }
}
