//! A call under way: the state machine, its gates and the reply, held together for a driver.
//!
//! Both drivers are the same loop over this. Dropping it gives back what the call held.

use std::time::SystemTime;

use flow_errors::call::{Call, Outcome, Step, Tick, Verdict};
use flow_errors::{Class, Error, Kind, Result};

use crate::Reply;
use crate::gates::lock;
use crate::plan::{Plan, shared_request_id};
use crate::reply::Received;
use crate::trace::{AttemptSpan, Trace};

/// A call under way.
#[derive(Debug)]
pub struct Running<'a, T> {
    plan: &'a Plan,
    call: Call,
    received: Option<Received<T>>,
    trace: Trace,
}

impl<'a, T> Running<'a, T> {
    /// Starts the call that `plan` describes.
    #[must_use]
    pub fn new(plan: &'a Plan, now: Tick, wall: SystemTime) -> Self {
        let trace = Trace::new(plan);
        Self { plan, call: plan.call(now, wall), received: None, trace }
    }

    /// Returns the next thing to do.
    pub fn poll(&mut self, now: Tick) -> Step {
        let gate = self.plan.gate(self.call.target());
        let step = self.call.poll(now, &mut lock(gate));
        if let Step::Send(send) = &step {
            self.trace.begin_attempt(self.plan, *send, self.call.model());
        }
        step
    }

    /// Returns the span of the send under way: the current one while it is made.
    #[must_use]
    pub fn span(&self) -> AttemptSpan {
        self.trace.attempt()
    }

    /// Reports what came of the send under way.
    ///
    /// An error of kind `cancelled` ends the call, as [`cancel`](Self::cancel) does.
    pub fn on_reply(&mut self, now: Tick, entropy: u64, result: Result<Received<T>>) {
        let outcome = match result {
            Err(error) if error.kind() == Kind::Cancelled => return self.cancel(now),
            Ok(received) => {
                let request_id = shared_request_id(&received.headers);
                let status = received.status;
                self.received = Some(received);
                Outcome::Succeeded { status, request_id }
            }
            Err(error) => Outcome::Failed(error),
        };
        let gate = self.plan.gate(self.call.target());
        self.call.on_outcome(now, entropy, outcome, &mut lock(gate));
        self.tell();
    }

    /// Ends the call because the caller cancelled it.
    pub fn cancel(&mut self, now: Tick) {
        let attempts = self.call.attempts().len();
        let gate = self.plan.gate(self.call.target());
        self.call.cancel(now, &mut lock(gate));
        if self.call.attempts().len() > attempts {
            self.tell();
        }
    }

    /// Returns what the caller gets.
    ///
    /// # Errors
    ///
    /// Returns the error of a call that failed.
    pub fn finish(mut self, verdict: Verdict) -> Result<Reply<T>> {
        let attempts = self.call.attempts().clone();
        match (verdict, self.received.take()) {
            (Verdict::Failed(error), _) => {
                self.trace.failed(self.plan, &error);
                Err(error)
            }
            (Verdict::Succeeded, Some(received)) => {
                self.trace.succeeded(self.plan, &attempts, &received.body);
                Ok(Reply::new(received, attempts))
            }
            // `on_reply` keeps the reply of every success, so a driver of ours never gets here.
            (Verdict::Succeeded, None) => {
                Err(Error::new(Kind::Unexpected, Class::Permanent, "the reply was taken already"))
            }
        }
    }

    /// Tells whoever wants to know that an attempt is over.
    fn tell(&mut self) {
        let attempt = self.call.attempts().last();
        self.trace.end_attempt(self.plan, attempt, self.call.waits_for());
        self.trace.in_scope(|| self.plan.tell(attempt));
    }
}

impl<T> Drop for Running<'_, T> {
    fn drop(&mut self) {
        // The instant only matters to the history, which nobody reads any more.
        let gate = self.plan.gate(self.call.target());
        self.call.cancel(Tick::ORIGIN, &mut lock(gate));
        let attempts = self.call.attempts();
        self.trace.end_attempt(self.plan, attempts.last(), None);
        self.trace.cancelled(attempts);
    }
}
