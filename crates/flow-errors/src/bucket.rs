//! A limiter's state: how much is taken of a limit that comes back evenly over a window.
//!
//! This is the GCRA in whole numbers: instead of a rounded time for each unit it counts units since an
//! instant, so no error adds up.

use std::time::Duration;

use crate::tick::{Tick, nanos};

/// So much in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) limit: u64,
    pub(crate) window: Duration,
}

impl Rate {
    /// Returns how long it takes until so many units are back.
    pub(crate) fn span(self, units: u64) -> u64 {
        let product = u128::from(units).saturating_mul(u128::from(nanos(self.window)));
        let span = product.checked_div(u128::from(self.limit)).unwrap_or(u128::MAX);
        u64::try_from(span).unwrap_or(u64::MAX)
    }
}

/// What was taken of a limit since it was all there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    pub(crate) rate: Rate,
    /// How much of it may be taken at once.
    burst: u64,
    since: Tick,
    units: u64,
}

impl Bucket {
    /// Starts with nothing left to come back after `full_at`.
    pub(crate) const fn new(rate: Rate, burst: u64, full_at: Tick) -> Self {
        Self { rate, burst, since: full_at, units: 0 }
    }

    /// Returns when all of the limit will be back.
    fn full_at(&self) -> Tick {
        self.since.plus_nanos(self.rate.span(self.units))
    }

    /// Returns from when `cost` conforms; what is above the burst waits for all of it.
    pub(crate) fn ready_at(&self, cost: u64) -> Tick {
        let rest = self.rate.span(self.burst.saturating_sub(cost));
        self.full_at().minus(Duration::from_nanos(rest))
    }

    pub(crate) fn take(&mut self, now: Tick, cost: u64) {
        if self.full_at() <= now {
            (self.since, self.units) = (now, 0);
        }
        self.units = self.units.saturating_add(cost);
    }

    /// Takes more, or less, for what was taken before.
    pub(crate) const fn correct(&mut self, taken: u64, used: u64) {
        self.units = self.units.saturating_add(used).saturating_sub(taken);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_may_be_taken_at_once_and_comes_back_evenly() {
        let rate = Rate { limit: 10, window: Duration::from_secs(1) };
        let mut bucket = Bucket::new(rate, rate.limit, Tick::ORIGIN);
        let at = |millis: u64| Tick::from_nanos(millis * 1_000_000);
        for _ in 0..10 {
            assert!(bucket.ready_at(1) <= at(0));
            bucket.take(at(0), 1);
        }
        assert_eq!((bucket.ready_at(1), bucket.ready_at(3)), (at(100), at(300)));
        // More than there ever is waits for all there is.
        assert_eq!([10, 11, u64::MAX].map(|cost| bucket.ready_at(cost)), [at(1_000); 3]);
        bucket.correct(4, 1);
        assert_eq!(bucket.ready_at(4), at(100));
    }

    #[test]
    fn odd_limits_lose_nothing_to_rounding() {
        let rate = Rate { limit: 7, window: Duration::from_secs(1) };
        let mut bucket = Bucket::new(rate, rate.limit, Tick::ORIGIN);
        (0..7_000_000).for_each(|_| bucket.take(Tick::ORIGIN, 1));
        assert_eq!(bucket.ready_at(7), Tick::ORIGIN + Duration::from_secs(1_000_000));
    }
}
