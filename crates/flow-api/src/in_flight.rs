//! What a transport must know, and tell, about the send it is making.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flow_errors::Sent;

/// One send under way: how long it may take, and whether any of it has left the client.
///
/// A transport calls [`mark_sent`](Self::mark_sent) before the first byte of the request may be
/// written. Until then a failure is surely harmless; after it the request may have been run.
#[derive(Clone, Debug)]
pub struct InFlight {
    timeout: Option<Duration>,
    sent: Arc<AtomicBool>,
}

impl InFlight {
    /// Creates the state of a send that may take `timeout`, reply included.
    #[must_use]
    pub fn new(timeout: Option<Duration>) -> Self {
        Self { timeout, sent: Arc::default() }
    }

    /// Returns how long the send may take, from connecting to the last byte of the reply.
    #[must_use]
    pub const fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Notes that some of the request may have been written.
    pub fn mark_sent(&self) {
        self.sent.store(true, Ordering::Release);
    }

    /// Returns whether some of the request may have been written.
    #[must_use]
    pub fn sent(&self) -> Sent {
        if self.sent.load(Ordering::Acquire) { Sent::Perhaps } else { Sent::No }
    }
}
