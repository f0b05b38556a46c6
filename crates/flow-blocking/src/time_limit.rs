//! The time of one attempt, from the start of its send to the last byte of its body.
//!
//! A blocking transport keeps to it itself: it is told before each wait how long that may take.

use std::sync::Arc;

use flow_api::client::{InFlight, Patience};
use flow_errors::call::Tick;
use flow_errors::{Error, Result};
use http::StatusCode;

use crate::clock::Clock;

/// Until when the attempt may go on.
pub(crate) struct TimeLimit {
    clock: Arc<dyn Clock>,
    in_flight: InFlight,
    patience: Patience,
}

impl TimeLimit {
    /// Starts the time of the attempt, with the wait for the head of the reply.
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        in_flight: InFlight,
        patience: Patience,
        now: Tick,
    ) -> Self {
        let mut limit = Self { clock, in_flight, patience };
        limit.begin_wait_at(now, 0);
        limit
    }

    /// Begins a body that is read whole: its limits are known to the transport.
    pub(crate) fn for_body(&mut self, _: StatusCode) {
        self.in_flight.set_wait_limit(None);
    }

    /// Bounds what comes after the end of a stream further.
    pub(crate) fn for_end(&mut self) {
        self.patience.for_end(self.clock.now());
    }

    /// Begins the wait for what comes after so much content.
    pub(crate) fn begin_wait(&mut self, contents: u64) {
        self.begin_wait_at(self.clock.now(), contents);
    }

    fn begin_wait_at(&mut self, now: Tick, contents: u64) {
        let left = self.patience.until(|| now, contents).map(|until| until.since(now));
        self.in_flight.set_wait_limit(left);
    }

    /// Returns whether what comes after so much content has taken too long.
    pub(crate) fn is_over(&mut self, contents: u64) -> bool {
        let now = self.clock.now();
        self.patience.until(|| now, contents).is_some_and(|until| now >= until)
    }

    /// Returns the error of an attempt whose time is over.
    pub(crate) fn over(&self) -> Error {
        self.patience.over(self.in_flight.sent())
    }

    /// Returns what came of a wait, and if it took too long, which limit was over.
    pub(crate) fn hold<T>(&self, work: Result<T>) -> Result<T> {
        work.map_err(|error| self.patience.instead_of(error, self.in_flight.sent()))
    }
}
