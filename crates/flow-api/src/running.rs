//! A call under way: the state machine and its gates, held together for a driver.
//!
//! Both drivers are the same loop over this. Dropping it gives back what the call held.

use std::any::Any;
use std::task::Waker;
use std::time::SystemTime;

use flow_errors::call::{Call, Outcome, Step, Tick, Verdict};
use flow_errors::{Attempts, Class, Error, Kind, Result};

use crate::Reply;
use crate::plan::Plan;
use crate::reply::Received;
use crate::stop_token::Place;
use crate::trace::{Trace, WorkSpan};

/// A call under way.
#[derive(Debug)]
pub struct Running {
    plan: Box<Plan>,
    call: Call,
    trace: Trace,
    stops_with: Option<Place>,
}

impl Running {
    /// Starts the call that `plan` describes.
    #[must_use]
    pub fn new(plan: Box<Plan>, now: Tick, wall: SystemTime) -> Self {
        let (trace, call) = (Trace::new(&plan), plan.call(now, wall));
        let stops_with = plan.stops_with();
        Self { plan, call, trace, stops_with }
    }

    /// Returns what the call sends, and how its replies are read.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Returns the attempts so far; the one under way is not among them.
    #[must_use]
    pub const fn attempts(&self) -> &Attempts {
        self.call.attempts()
    }

    /// Returns the model that is asked.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.call.model()
    }

    /// Returns the next thing to do.
    ///
    /// A call that is to wait may be woken up sooner by `waker`, because it is its turn or because its
    /// batch was stopped, which ends the call: then poll again.
    pub fn poll(&mut self, now: Tick, waker: &Waker) -> Step {
        if self.stops_with.as_ref().is_some_and(|batch| batch.is_stopped(waker)) {
            self.cancel(now);
        }
        let step = self.plan.gate(self.call.target()).poll(&mut self.call, now, waker);
        if let Step::Send(send) = &step {
            self.trace.begin_attempt(&self.plan, *send, self.call.model());
        }
        step
    }

    /// Returns the span of the send under way: the current one while it is made.
    #[must_use]
    pub fn span(&self) -> WorkSpan {
        self.trace.attempt()
    }

    /// Reports what came of the send under way, and returns what the caller gets of a success.
    ///
    /// An error of kind `cancelled` ends the call, as [`cancel`](Self::cancel) does.
    pub fn on_reply<T: Any>(
        &mut self,
        now: Tick,
        entropy: impl FnOnce() -> u64,
        result: Result<Received<T>>,
    ) -> Option<Reply<T>> {
        match result {
            Ok(received) => {
                // A success needs no entropy: nothing is decided.
                self.on_outcome(now, 0, received.outcome());
                let attempts = self.call.attempts().clone();
                self.trace.succeeded(&self.plan, &attempts, &received.body);
                Some(Reply::new(received, attempts))
            }
            Err(error) => {
                self.on_failure(now, entropy(), error);
                None
            }
        }
    }

    /// Reports that the send under way failed before anything of it reached the caller.
    pub fn on_failure(&mut self, now: Tick, entropy: u64, error: Error) {
        self.on_outcome(now, entropy, Outcome::Failed(error));
    }

    pub(crate) fn on_outcome(&mut self, now: Tick, entropy: u64, outcome: Outcome) {
        if matches!(&outcome, Outcome::Failed(error) if error.kind() == Kind::Cancelled) {
            return self.cancel(now);
        }
        let gate = self.plan.gate(self.call.target());
        gate.tell(&mut self.call, |call, gate| call.on_outcome(now, entropy, outcome, gate));
        self.tell();
    }

    /// Ends the call because the caller cancelled it.
    pub fn cancel(&mut self, now: Tick) {
        let attempts = self.call.attempts().len();
        let gate = self.plan.gate(self.call.target());
        gate.tell(&mut self.call, |call, gate| call.cancel(now, gate));
        if self.call.attempts().len() > attempts {
            self.tell();
        }
    }

    /// Returns the error of a call that failed.
    #[must_use]
    pub fn finish(&mut self, verdict: Verdict) -> Error {
        match verdict {
            Verdict::Failed(error) => {
                self.trace.failed(&self.plan, &error);
                error
            }
            // `on_reply` returns the reply of a success, so a driver of ours never gets here.
            Verdict::Succeeded => {
                Error::new(Kind::Unexpected, Class::Permanent, "the reply was taken already")
            }
        }
    }

    /// Tells whoever wants to know that an attempt is over.
    fn tell(&mut self) {
        let attempt = self.call.attempts().last();
        self.trace.end_attempt(&self.plan, attempt, self.call.waits_for());
        self.trace.in_scope(|| self.plan.tell(attempt));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.call.is_over() {
            // The instant only matters to the history, which nobody reads any more.
            let gate = self.plan.gate(self.call.target());
            gate.tell(&mut self.call, |call, gate| call.cancel(Tick::ORIGIN, gate));
        }
        let attempts = self.call.attempts();
        self.trace.end_attempt(&self.plan, attempts.last(), None);
        self.trace.cancelled(attempts);
    }
}
