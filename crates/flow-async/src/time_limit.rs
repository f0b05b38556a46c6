//! The time of one attempt, from the start of its send to the last byte of its body.
//!
//! Transports of callers need no clock for that: what they do is dropped when the time is over.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use flow_api::client::{InFlight, Patience};
use flow_errors::call::Tick;
use flow_errors::{Error, Result};
use http::StatusCode;

use crate::clock::{Clock, Sleep};

/// Until when the attempt may go on.
pub(crate) struct TimeLimit {
    clock: Arc<dyn Clock>,
    in_flight: InFlight,
    patience: Patience,
    /// Kept from wait to wait while it is early enough: a timer is dearer than the wait that it
    /// hardly ever ends.
    timer: Option<(Tick, Sleep)>,
}

impl TimeLimit {
    /// Starts the time of the attempt, with the wait for the head of the reply.
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        in_flight: InFlight,
        mut patience: Patience,
        now: Tick,
    ) -> Self {
        // For transports that look at it, though they need not.
        in_flight.set_wait_limit(patience.until(|| now, 0).map(|until| until.since(now)));
        Self { clock, in_flight, patience, timer: None }
    }

    /// Bounds the body of an error further.
    pub(crate) fn for_body(&mut self, status: StatusCode) {
        self.patience.for_body(status, || self.clock.now());
    }

    /// Bounds what comes after the end of a stream further.
    pub(crate) fn for_end(&mut self) {
        self.patience.for_end(self.clock.now());
    }

    /// Does `work` unless the time is over first.
    pub(crate) async fn hold<T>(
        &mut self,
        mut work: impl Future<Output = Result<T>> + Unpin,
    ) -> Result<T> {
        poll_fn(|context| match Pin::new(&mut work).poll(context) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => self.poll_over(context, 0).map(|()| Err(self.over())),
        })
        .await
    }

    /// Returns whether what comes after so much content has taken too long.
    pub(crate) fn is_over(&mut self, contents: u64) -> bool {
        let now = self.clock.now();
        self.patience.until(|| now, contents).is_some_and(|until| now >= until)
    }

    /// Is ready when the wait for what comes after so much content has taken too long.
    pub(crate) fn poll_over(&mut self, context: &mut Context<'_>, contents: u64) -> Poll<()> {
        loop {
            // Only content moves the limit; when it is over, the timer knows.
            let until = self.patience.until(|| self.clock.now(), contents);
            let Some(until) = until else { return Poll::Pending };
            let (at, timer) = match &mut self.timer {
                Some(timer) if timer.0 <= until => timer,
                timer => timer.insert((until, self.clock.sleep_until(until))),
            };
            ready!(timer.as_mut().poll(context));
            let is_over = *at == until;
            self.timer = None;
            if is_over {
                return Poll::Ready(());
            }
        }
    }

    /// Returns the error of an attempt whose time is over.
    pub(crate) fn over(&self) -> Error {
        self.patience.over(self.in_flight.sent())
    }
}
