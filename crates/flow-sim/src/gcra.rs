//! A limiter that spreads a limit evenly over a window: the generic cell rate algorithm.
//!
//! It counts in whole numbers, in nanoseconds times the limit, so that no error adds up. It knows no
//! clock: the same arrivals get the same answers.

use std::time::Duration;

/// So much in a window, of which a part may be taken at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) count: u32,
    pub(crate) window: Duration,
    pub(crate) burst: u32,
}

/// What is taken of one limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gcra {
    rate: Rate,
    /// When all of it will be back, in nanoseconds times `count`.
    full_at: u128,
}

/// How a limit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    /// How much may be taken at once.
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// How long until all of it is back.
    pub(crate) reset: Duration,
}

impl Gcra {
    pub(crate) const fn new(rate: Rate) -> Self {
        Self { rate, full_at: 0 }
    }

    /// Returns how long until so much may be taken; what is more than the burst waits for all of it.
    pub(crate) fn wait(&self, now: Duration, cost: u32) -> Duration {
        let after = u128::from(cost.min(self.rate.burst)).saturating_mul(self.each());
        let after = self.ahead(now).saturating_add(after);
        let most = u128::from(self.rate.burst).saturating_mul(self.each());
        self.time(after.saturating_sub(most))
    }

    /// Takes so much, whether or not it is there.
    pub(crate) fn take(&mut self, now: Duration, cost: u32) {
        let cost = u128::from(cost.min(self.rate.burst)).saturating_mul(self.each());
        self.full_at = self.full_at.max(self.scaled(now)).saturating_add(cost);
    }

    pub(crate) fn state(&self, now: Duration) -> State {
        let ahead = self.ahead(now);
        let taken = ahead.div_ceil(self.each());
        let taken = u32::try_from(taken).unwrap_or(u32::MAX);
        let limit = self.rate.burst;
        State { limit, remaining: limit.saturating_sub(taken), reset: self.time(ahead) }
    }

    /// What one unit takes to come back: a window for each, as many at a time as the limit counts.
    fn each(&self) -> u128 {
        self.rate.window.as_nanos().max(1)
    }

    /// What is still to come back.
    fn ahead(&self, now: Duration) -> u128 {
        self.full_at.saturating_sub(self.scaled(now))
    }

    fn scaled(&self, now: Duration) -> u128 {
        now.as_nanos().saturating_mul(u128::from(self.rate.count))
    }

    /// A time to wait, rounded up: who keeps to it is not too early.
    fn time(&self, scaled: u128) -> Duration {
        let nanos = scaled.div_ceil(u128::from(self.rate.count.max(1)));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn per_second(count: u32, burst: u32) -> Gcra {
        Gcra::new(Rate { count, window: SECOND, burst })
    }

    /// Takes one if it is there.
    fn ask(gcra: &mut Gcra, now: Duration) -> Result<State, Duration> {
        let wait = gcra.wait(now, 1);
        if wait > Duration::ZERO {
            return Err(wait);
        }
        gcra.take(now, 1);
        Ok(gcra.state(now))
    }

    #[test]
    fn each_arrival_gets_its_answer() {
        let state = |remaining, reset_us| Ok((remaining, reset_us));
        #[rustfmt::skip]
        let table = [
            // name,                       at, in µs  remaining and reset, or the wait, in µs
            ("the first",                    1_000,   state(2, 10_000)),
            ("at once",                      1_000,   state(1, 20_000)),
            ("the last of the burst",        1_000,   state(0, 30_000)),
            ("one too many",                 1_000,   Err(10_000)),
            ("a refusal costs nothing",      1_000,   Err(10_000)),
            ("almost there",                10_999,   Err(1)),
            ("there",                       11_000,   state(0, 30_000)),
            ("a part of one is back",       26_000,   state(0, 25_000)),
            ("all but a little is back",    50_500,   state(1, 10_500)),
            ("all of it is back",          900_000,   state(2, 10_000)),
        ];
        let mut gcra = per_second(100, 3);
        for (name, at, want) in table {
            let got = ask(&mut gcra, Duration::from_micros(at));
            let got = got.map(|state| (state.remaining, state.reset.as_micros()));
            assert_eq!(got.map_err(|wait| wait.as_micros()), want, "{name}");
        }
    }

    #[test]
    fn costs_are_taken_as_a_whole() {
        #[rustfmt::skip]
        let table = [
            // name,              taken, cost, wait in ms
            ("nothing taken",     0,     100,  0),
            ("just enough left",  60,    40,   0),
            ("one too many",      60,    41,   10),
            ("all of it",         60,    100,  600),
            ("more than all",     60,    101,  600),
        ];
        for (name, taken, cost, want) in table {
            let mut gcra = per_second(100, 100);
            gcra.take(SECOND, taken);
            assert_eq!(gcra.wait(SECOND, cost), Duration::from_millis(want), "{name}");
        }
    }

    #[test]
    fn odd_limits_lose_nothing_to_rounding() {
        let windows = [SECOND, Duration::from_secs(60), Duration::from_nanos(1)];
        for (count, window) in [1, 3, 7, 997, u32::MAX].into_iter().zip(windows.iter().cycle()) {
            let mut gcra = Gcra::new(Rate { count, window: *window, burst: u32::MAX });
            (0..count.min(100_000)).for_each(|_| gcra.take(SECOND, 1));
            // Less than the whole for the largest of them.
            let want = window.as_nanos() * u128::from(count.min(100_000));
            let want = want.div_ceil(u128::from(count));
            assert_eq!(gcra.state(SECOND).reset.as_nanos(), want, "{count} in {window:?}");
        }
    }

    /// Millions of requests, each as early as it may be: exactly the limit, to the nanosecond. With a
    /// burst of 1 what each is late by is lost, as it should be.
    #[test]
    fn steady_arrivals_never_drift() {
        let mut gcra = per_second(7, 2);
        let mut now = SECOND;
        for sent in 0..1_000_000_u64 {
            now += gcra.wait(now, 1);
            let sent = sent.saturating_sub(1);
            let late = now - SECOND - Duration::from_nanos(sent * 1_000_000_000 / 7);
            assert!(late <= Duration::from_nanos(1), "{sent}: {late:?}");
            gcra.take(now, 1);
        }
    }

    #[test]
    fn largest_numbers_are_no_trouble() {
        let rate = Rate { count: u32::MAX, window: Duration::MAX, burst: u32::MAX };
        let mut gcra = Gcra::new(rate);
        for _ in 0..3 {
            gcra.take(Duration::MAX, u32::MAX);
        }
        assert_eq!(gcra.state(Duration::MAX).remaining, 0);
        assert!(gcra.wait(Duration::ZERO, 1) > Duration::ZERO);
    }
}
