//! How far a batch has come.

use std::time::Duration;

use flow_errors::{Attempts, Kind, Result};

use crate::{ChatCompletion, Reply};

/// How far a batch has come, as told after each result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    total: Option<usize>,
    in_flight: usize,
    elapsed: Duration,
    succeeded: usize,
    failed: usize,
    attempts: usize,
    refusals: usize,
}

impl Progress {
    /// Returns how many requests there are; `None` where their iterator does not know.
    #[must_use]
    pub const fn total(&self) -> Option<usize> {
        self.total
    }

    /// Returns how many requests have a result.
    #[must_use]
    pub const fn finished(&self) -> usize {
        self.succeeded.saturating_add(self.failed)
    }

    /// Returns how many requests were answered.
    #[must_use]
    pub const fn succeeded(&self) -> usize {
        self.succeeded
    }

    /// Returns how many requests failed, those included that were not sent any more.
    #[must_use]
    pub const fn failed(&self) -> usize {
        self.failed
    }

    /// Returns how many calls are under way: being sent, or waiting for something.
    #[must_use]
    pub const fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Returns how often a request was sent, over all calls that are over.
    #[must_use]
    pub const fn attempts(&self) -> usize {
        self.attempts
    }

    /// Returns how many of those attempts the service refused because of its limit or its load (429,
    /// 503): each of them was sent again, or is what its call failed with.
    #[must_use]
    pub const fn refusals(&self) -> usize {
        self.refusals
    }

    /// Returns how long the batch has been running.
    #[must_use]
    pub const fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Returns how many results there were a second, on average.
    #[must_use]
    pub fn rate(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 { number(self.finished()) / seconds } else { 0.0 }
    }

    /// Returns how long the rest will take at that rate; `None` as long as nobody can know.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        let left = number(self.total?.saturating_sub(self.finished()));
        // Without a result yet this is a division by zero, whose outcome is no span.
        Duration::try_from_secs_f64(left / self.rate()).ok()
    }

    pub(crate) fn new(total: Option<usize>) -> Self {
        Self { total, ..Self::default() }
    }

    /// Notes a result, and how many calls are under way after it.
    pub(crate) fn note(
        &mut self,
        elapsed: Duration,
        in_flight: usize,
        result: &Result<Reply<ChatCompletion>>,
    ) {
        (self.elapsed, self.in_flight) = (elapsed, in_flight);
        let (count, attempts) = match result {
            Ok(reply) => (&mut self.succeeded, reply.attempts()),
            Err(error) => (&mut self.failed, error.attempts()),
        };
        *count = count.saturating_add(1);
        self.attempts = self.attempts.saturating_add(attempts.len());
        self.refusals = self.refusals.saturating_add(refusals(attempts));
    }
}

fn refusals(attempts: &Attempts) -> usize {
    let kinds = attempts.iter().filter_map(flow_errors::Attempt::kind);
    kinds.filter(|kind| matches!(kind, Kind::RateLimit | Kind::ServiceUnavailable)).count()
}

fn number(count: usize) -> f64 {
    u32::try_from(count).unwrap_or(u32::MAX).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_follows_from_the_rate_and_is_unknown_before_there_is_one() {
        let progress = |total, succeeded, seconds| Progress {
            total,
            succeeded,
            elapsed: Duration::from_secs(seconds),
            ..Progress::default()
        };
        #[rustfmt::skip]
        let cases = [
            // name             progress                    rate   left
            ("nothing yet",     progress(Some(10), 0, 5),   0.0,   None),
            ("at once",         progress(Some(10), 1, 0),   0.0,   None),
            ("half",            progress(Some(10), 5, 10),  0.5,   Some(10)),
            ("all",             progress(Some(10), 10, 5),  2.0,   Some(0)),
            ("more than all",   progress(Some(1), 10, 5),   2.0,   Some(0)),
            ("endless",         progress(None, 5, 10),      0.5,   None),
        ];
        for (name, progress, rate, left) in cases {
            assert!((progress.rate() - rate).abs() < 1e-9, "{name}");
            assert_eq!(progress.time_left(), left.map(Duration::from_secs), "{name}");
        }
    }
}
