//! Baselines that know nothing but their own attempts.

use std::time::Duration;

use super::rule::Rule;
use crate::storm::answer::Seen;

/// A schedule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    retries: u32,
    first: Duration,
    longest: Duration,
    /// How much of a delay is up to chance, in percent, counted from above.
    jitter: u32,
    /// The longest hint that takes the place of a delay.
    longest_hint: Duration,
}

impl Backoff {
    pub(super) const NONE: Self = Self { retries: 0, ..Self::PAGE };

    /// The page's loop: `2 ** attempt` seconds, three attempts.
    pub(super) const PAGE: Self = Self {
        retries: 2,
        first: Duration::from_secs(1),
        longest: Duration::from_secs(8),
        jitter: 0,
        longest_hint: Duration::ZERO,
    };

    pub(super) const SDK: Self = Self {
        retries: 2,
        first: Duration::from_millis(500),
        longest: Duration::from_secs(8),
        jitter: 25,
        longest_hint: Duration::from_secs(120),
    };

    pub(super) const JITTER: Self = Self {
        retries: u32::MAX,
        first: Duration::from_secs(1),
        longest: Duration::from_secs(60),
        jitter: 100,
        longest_hint: Duration::ZERO,
    };

    /// What goes with a retry budget: its bound is the budget.
    pub(super) const BUDGETED: Self =
        Self { retries: 3, longest: Duration::from_secs(20), ..Self::JITTER };

    /// What goes with an adaptive rate, with AWS's longest delay.
    pub(super) const ADAPTIVE: Self = Self { longest: Duration::from_secs(20), ..Self::JITTER };

    fn delay(&self, number: u32, entropy: u64) -> Duration {
        let doublings = number.saturating_sub(1).min(20);
        let delay = self.first.saturating_mul(1 << doublings).min(self.longest);
        let part = u128::from(entropy) * u128::from(self.jitter) / 100;
        let off = (delay.as_nanos() * part) >> 64;
        delay.saturating_sub(Duration::from_nanos(u64::try_from(off).unwrap_or(u64::MAX)))
    }
}

impl Rule for Backoff {
    fn retry(&mut self, number: u32, entropy: u64, seen: &Seen) -> Option<Duration> {
        let hint = seen.hint().filter(|hint| *hint <= self.longest_hint);
        (number <= self.retries).then(|| hint.unwrap_or_else(|| self.delay(number, entropy)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_those_of_their_models() {
        let millis = |backoff: Backoff, number, entropy| backoff.delay(number, entropy).as_millis();
        assert_eq!([1, 2].map(|number| millis(Backoff::PAGE, number, 7)), [1_000, 2_000]);
        assert_eq!([1, 2, 9].map(|number| millis(Backoff::SDK, number, 0)), [500, 1_000, 8_000]);
        assert_eq!(millis(Backoff::SDK, 1, u64::MAX), 375);
        assert_eq!([0, u64::MAX].map(|word| millis(Backoff::JITTER, 3, word)), [4_000, 0]);
    }
}
