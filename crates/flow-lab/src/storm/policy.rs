//! What a policy is: how the calls of one process are sent.

use std::fmt;
use std::time::Duration;

use flow_errors::call::Tick;

use super::answer::Seen;
use super::job::Job;

/// What a policy does with a call next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// Send it now.
    Send { timeout: Option<Duration> },
    /// Ask again then, unless it is woken before.
    Wait(Tick),
    /// It is over.
    Done(End),
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Succeeded,
    /// With an error of the service's own.
    Failed,
    /// With an error that says nothing of the service.
    Unexplained,
}

/// All calls of one process, known by the number of their job.
pub(super) trait Policy: fmt::Debug {
    fn begin(&mut self, now: Tick, number: usize, job: &Job);
    fn poll(&mut self, now: Tick, number: usize) -> Move;
    fn settle(&mut self, now: Tick, number: usize, entropy: u64, seen: &Seen);

    /// Returns the call that may go sooner than it was told.
    fn take_wake(&mut self) -> Option<usize> {
        None
    }
}
