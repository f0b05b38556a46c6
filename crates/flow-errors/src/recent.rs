//! How many calls the last second saw: the first guess at a limit that was just met.

use std::time::Duration;

use crate::tick::Tick;

const SECOND: Duration = Duration::from_secs(1);

/// Calls in this second and in the one before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recent {
    since: Tick,
    count: u64,
    before: u64,
}

impl Recent {
    pub(crate) const fn new() -> Self {
        Self { since: Tick::ORIGIN, count: 0, before: 0 }
    }

    pub(crate) fn note(&mut self, now: Tick) {
        let past = now.since(self.since);
        if past >= SECOND {
            self.before = if past < SECOND * 2 { self.count } else { 0 };
            (self.since, self.count) = (now, 0);
        }
        self.count = self.count.saturating_add(1);
    }

    /// Returns the larger of both: a burst that has just begun is not diluted.
    pub(crate) fn most(&self) -> u64 {
        self.count.max(self.before)
    }
}
