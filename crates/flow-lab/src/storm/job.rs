//! What is to be done: the calls of a run, known before it begins.
//!
//! All that chance decides about a job is drawn in advance, so that every policy meets the same jobs.

use std::time::Duration;

use flow_errors::call::Tick;

/// More than any batch needs; some policies never end.
pub(super) const HOUR: Tick = Tick::from_nanos(3_600_000_000_000);

/// One call that a process wants to make.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) process: usize,
    /// When it comes by itself; `None` if a worker takes it when it is free.
    pub(super) arrives: Option<Tick>,
    /// How long the service works on it; where each attempt takes another time, on average.
    pub(super) work: Duration,
    /// Prompt and answer together.
    pub(super) tokens: u64,
    /// How long the whole call may take.
    pub(super) deadline: Option<Duration>,
    /// What the service's faults are drawn from.
    pub(super) luck: u64,
}

/// The jobs of all processes, and what is between those who have them and the service.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// How many jobs without an arrival are under way at once in each process.
    pub(super) workers: usize,
    pub(super) jobs: Vec<Job>,
    pub(super) round_trip: Duration,
    /// How long a client waits for the reply to one attempt.
    pub(super) timeout: Option<Duration>,
    /// When it is over, whoever still tries.
    pub(super) until: Tick,
}
