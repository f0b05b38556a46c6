//! How a client stands with one model, for dashboards and for the curious.

use crate::Error;

/// A snapshot of a [`Gate`](crate::call::Gate): what the service gives, and what the calls make of it.
#[derive(Clone, Debug)]
pub struct Health {
    pub(crate) requests_per_minute: Option<u64>,
    pub(crate) tokens_per_minute: Option<u64>,
    pub(crate) credit: u64,
    pub(crate) in_flight: usize,
    pub(crate) waiting: usize,
    pub(crate) refusals: u64,
    pub(crate) last_failure: Option<Error>,
}

impl Health {
    /// Returns the rate that sends keep to, rounded: what is known of the service's limit, or was
    /// learned from refusals; `None` as long as no limit was met.
    #[must_use]
    pub const fn requests_per_minute(&self) -> Option<u64> {
        self.requests_per_minute
    }

    /// Returns the rate of tokens that sends keep to; `None` unless the service tells of a limit.
    #[must_use]
    pub const fn tokens_per_minute(&self) -> Option<u64> {
        self.tokens_per_minute
    }

    /// Returns how many sends may be made at once before calls wait for their turn.
    ///
    /// It is less than 50 while attempts are in flight, and shrinks as they fail. What it says only
    /// matters after failures: a service that fails nothing is sent as much as there is.
    #[must_use]
    pub const fn credit(&self) -> u64 {
        self.credit
    }

    /// Returns how many attempts are being sent or waiting for their reply.
    #[must_use]
    pub const fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Returns how many calls wait for their turn.
    #[must_use]
    pub const fn waiting(&self) -> usize {
        self.waiting
    }

    /// Returns how many attempts were refused so far, because of a limit or of overload.
    #[must_use]
    pub const fn refusals(&self) -> u64 {
        self.refusals
    }

    /// Returns the latest failure that says something of the service: neither of one request alone,
    /// nor of the key or the balance.
    #[must_use]
    pub const fn last_failure(&self) -> Option<&Error> {
        self.last_failure.as_ref()
    }
}
