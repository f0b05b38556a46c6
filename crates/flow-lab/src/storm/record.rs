//! What a run came to, as the service and the callers saw it.

use std::time::Duration;

use flow_errors::call::Tick;

use super::policy::End;

/// One run of one policy.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) sends: Vec<Sent>,
    /// When each job began, in time's order.
    pub(super) begun: Vec<Tick>,
    /// In the order of the plan.
    pub(super) jobs: Vec<Option<Ended>>,
    /// How many requests the service had in it, each time that changed.
    pub(super) load: Vec<(Tick, usize)>,
    /// Sends before the instant that their process had been told to wait for.
    pub(super) violations: usize,
    pub(super) most_in_flight: usize,
}

/// One send, with the instant at which it reached the service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) at: Tick,
    pub(super) job: usize,
    pub(super) fate: Fate,
    /// When its client knew.
    pub(super) known: Tick,
}

/// What came of a send, as its client saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    Succeeded,
    Refused,
    TimedOut,
    UnderWay,
}

/// A job that is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub(super) process: usize,
    pub(super) tokens: u64,
    pub(super) began: Tick,
    pub(super) ended: Tick,
    pub(super) end: End,
}

impl Ended {
    pub(super) fn took(&self) -> Duration {
        self.ended.since(self.began)
    }

    pub(super) fn is_success(&self) -> bool {
        self.end == End::Succeeded
    }
}

impl Record {
    pub(super) fn ended(&self) -> impl Iterator<Item = &Ended> {
        self.jobs.iter().flatten()
    }

    pub(super) fn succeeded(&self) -> impl Iterator<Item = &Ended> {
        self.ended().filter(|job| job.is_success())
    }

    pub(super) fn lost(&self) -> usize {
        self.jobs.len().saturating_sub(self.succeeded().count())
    }

    /// Returns when the last job ended.
    pub(super) fn makespan(&self) -> Duration {
        let last = self.ended().map(|job| job.ended).max().unwrap_or_default();
        last.since(Tick::ORIGIN)
    }
}
