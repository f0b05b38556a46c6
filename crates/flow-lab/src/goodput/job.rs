//! What became of one job, as its caller saw it.

use std::time::{Duration, Instant, SystemTime};

use flow_errors::{Attempts, Error};
use http::StatusCode;

/// One call, from when it was wanted until it was over.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// Since the run began.
    pub(super) ended: Duration,
    pub(super) sends: Vec<Sent>,
    /// Why it failed, if it did.
    pub(super) failure: Option<String>,
}

/// One send of a job. Times are since the run began.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) at: Duration,
    /// When its outcome was known.
    pub(super) ended: Duration,
    pub(super) status: Option<StatusCode>,
    pub(super) request_id: Option<String>,
}

/// When the run began, by both clocks: calls note their start by the one on the wall.
#[derive(Clone, Copy, Debug)]
pub(super) struct Began {
    pub(super) at: Instant,
    wall: SystemTime,
}

impl Began {
    pub(super) fn now() -> Self {
        Self { at: Instant::now(), wall: SystemTime::now() }
    }

    /// Returns when a call began, as it says itself: who asks the time beside it may be held up in between.
    fn offset(&self, attempts: &Attempts) -> Duration {
        let started = attempts.started_at().unwrap_or(self.wall);
        started.duration_since(self.wall).unwrap_or_default()
    }
}

impl Job {
    /// Notes what a call came to that has just ended.
    pub(super) fn new(began: Began, attempts: &Attempts, error: Option<&Error>) -> Self {
        let offset = began.offset(attempts);
        let sends = attempts.iter().map(|attempt| {
            let at = offset.saturating_add(attempt.started());
            let ended = at.saturating_add(attempt.elapsed());
            let request_id = attempt.request_id().map(str::to_owned);
            Sent { at, ended, status: attempt.status(), request_id }
        });
        let failure = error.map(|error| {
            let stopped = error.stopped_because().map_or("-", |why| why.as_str());
            format!("{}, {stopped}", error.kind())
        });
        Self { ended: began.at.elapsed(), sends: sends.collect(), failure }
    }

    pub(super) const fn is_done(&self) -> bool {
        self.failure.is_none()
    }
}

impl Sent {
    /// Returns whether the service answered, but would not do it.
    pub(super) fn is_refused(&self) -> bool {
        self.status.is_some_and(|status| !status.is_success())
    }
}
