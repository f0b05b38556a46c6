//! The time of one attempt, from the start of its send to the last byte of its body.
//!
//! Transports of callers need no clock for that: what they do is dropped when the time is over.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use flow_api::client::InFlight;
use flow_api::client::head::MAX_ERROR_BODY_TIME;
use flow_errors::call::Tick;
use flow_errors::{Error, Result};
use http::StatusCode;

use crate::clock::Clock;

/// Until when the attempt may go on; `None` is without end.
pub(crate) struct TimeLimit<'a> {
    clock: &'a dyn Clock,
    in_flight: &'a InFlight,
    until: Option<Tick>,
    /// Set once: a timer is dearer than the wait that it hardly ever ends.
    timer: Option<Pin<Box<dyn Future<Output = ()> + Send + 'a>>>,
}

impl<'a> TimeLimit<'a> {
    /// Starts the time of the attempt.
    pub(crate) fn new(clock: &'a dyn Clock, in_flight: &'a InFlight) -> Self {
        let until = in_flight.timeout().map(|timeout| clock.now() + timeout);
        Self { clock, in_flight, until, timer: until.map(|until| clock.sleep_until(until)) }
    }

    /// Bounds the body of an error further: what it means is known from its status already.
    pub(crate) fn for_body(&mut self, status: StatusCode) {
        if status.is_success() {
            return;
        }
        let soon = self.clock.now() + MAX_ERROR_BODY_TIME;
        let until = self.until.map_or(soon, |until| until.min(soon));
        self.until = Some(until);
        self.timer = Some(self.clock.sleep_until(until));
    }

    /// Does `work` unless the time is over first.
    pub(crate) async fn hold<T>(
        &mut self,
        mut work: impl Future<Output = Result<T>> + Unpin,
    ) -> Result<T> {
        let Some(timer) = &mut self.timer else { return work.await };
        let limit = self.in_flight.timeout().unwrap_or(MAX_ERROR_BODY_TIME);
        poll_fn(|context| match Pin::new(&mut work).poll(context) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => {
                let over = || Err(Error::timeout(self.in_flight.sent(), limit));
                timer.as_mut().poll(context).map(|()| over())
            }
        })
        .await
    }
}
