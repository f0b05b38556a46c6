//! Spans without the feature `tracing`: nothing is kept, and every function is empty.

use flow_errors::call::{Send, Why};
use flow_errors::{Attempt, Attempts, Error};

use crate::kept_body::KeptBody;
use crate::plan::Plan;

/// The span that some work belongs to; without the feature `tracing` it is nothing.
#[derive(Clone, Debug)]
pub struct WorkSpan(());

impl WorkSpan {
    /// Returns the span that is the current one, for work that is done elsewhere.
    #[must_use]
    pub const fn current() -> Self {
        Self(())
    }

    /// Does `work` with the span as the current one.
    pub fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
        work()
    }

    /// Returns a future that does `work` with the span as the current one whenever it is polled.
    pub fn in_future<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        work
    }
}

/// The spans of one call, of which there are none.
#[derive(Debug)]
pub(crate) struct Trace;

impl Trace {
    pub(crate) const fn new(_: &Plan) -> Self {
        Self
    }

    pub(crate) const fn attempt(&self) -> WorkSpan {
        WorkSpan(())
    }

    pub(crate) const fn begin_attempt(&mut self, _: &Plan, _: Send, _: Option<&str>) {}

    pub(crate) const fn end_attempt(&mut self, _: &Plan, _: Option<&Attempt>, _: Option<Why>) {}

    pub(crate) const fn succeeded(&mut self, _: &Plan, _: &Attempts, _: &KeptBody) {}

    pub(crate) const fn failed(&mut self, _: &Plan, _: &Error) {}

    pub(crate) const fn cancelled(&mut self, _: &Attempts) {}

    pub(crate) fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
        work()
    }
}
