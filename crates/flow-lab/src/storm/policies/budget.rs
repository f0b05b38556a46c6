//! A retry budget: a bucket that retries are paid from and successes pay into.

use std::time::Duration;

use super::backoff::Backoff;
use super::rule::Rule;
use crate::storm::answer::Seen;

/// What there is at most, in tenths of a retry.
const MOST: u32 = 100;

/// What a retry takes.
const RETRY: u32 = 10;

/// The budget, with what is left of it in tenths of a retry.
#[derive(Debug)]
pub(super) struct Budget {
    left: u32,
    backoff: Backoff,
}

impl Budget {
    pub(super) const fn new() -> Self {
        Self { left: MOST, backoff: Backoff::BUDGETED }
    }
}

impl Rule for Budget {
    fn learn(&mut self, _now: flow_errors::call::Tick, seen: &Seen) {
        if seen.is_success() {
            self.left = (self.left + 1).min(MOST);
        }
    }

    fn retry(&mut self, number: u32, entropy: u64, seen: &Seen) -> Option<Duration> {
        let delay = self.backoff.retry(number, entropy, seen)?;
        self.left = self.left.checked_sub(RETRY)?;
        Some(delay)
    }
}
