//! The oracle: each process knows the true limit and how many share it.

use std::time::Duration;

use flow_errors::call::Tick;

use super::rule::Rule;
use crate::storm::answer::Seen;

/// The true limit, which only the oracle is told.
#[derive(Clone, Copy, Debug)]
pub(in crate::storm) struct Truth {
    pub(in crate::storm) per_second: f64,
    pub(in crate::storm) burst: u64,
    pub(in crate::storm) is_of_tokens: bool,
}

/// The process's own part of the limit, kept like the limiter itself keeps the whole.
#[derive(Debug)]
pub(super) struct Oracle {
    interval: Duration,
    burst: u64,
    is_of_tokens: bool,
    full_at: Tick,
}

impl Oracle {
    pub(super) fn new(truth: Option<Truth>, (process, processes): (usize, usize)) -> Self {
        let unlimited = Truth { per_second: f64::INFINITY, burst: u64::MAX, is_of_tokens: false };
        let truth = truth.unwrap_or(unlimited);
        let share = u32::try_from(processes).unwrap_or(1);
        let each = 1.0 / truth.per_second;
        // One after the other where the first burst is not enough for all.
        let turn = if truth.burst < u64::from(share) { process } else { 0 };
        let turn = f64::from(u32::try_from(turn).unwrap_or(0));
        Self {
            interval: Duration::from_secs_f64(f64::from(share) * each),
            burst: (truth.burst / u64::from(share)).max(1),
            is_of_tokens: truth.is_of_tokens,
            full_at: Tick::ORIGIN + Duration::from_secs_f64(turn * each),
        }
    }

    fn span(&self, units: u64) -> Duration {
        let nanos = self.interval.as_nanos().saturating_mul(units.into());
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

impl Rule for Oracle {
    fn admit(&mut self, now: Tick, tokens: u64) -> Result<(), Tick> {
        let cost = if self.is_of_tokens { tokens } else { 1 };
        let ahead = self.full_at.since(now);
        let wait = ahead.saturating_sub(self.span(self.burst.saturating_sub(cost)));
        if !wait.is_zero() {
            return Err(now + wait);
        }
        self.full_at = now + ahead + self.span(cost);
        Ok(())
    }

    fn retry(&mut self, _number: u32, _entropy: u64, _seen: &Seen) -> Option<Duration> {
        // It is never refused but for a timer that was late before it.
        Some(Duration::from_millis(100))
    }
}
