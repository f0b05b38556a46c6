//! The state of a limiter, read back from the headers it exports.
//!
//! A GCRA limiter spreads its `limit` evenly over a window. What it calls `reset` is the time until
//! *all* of the limit is back; the next request fits much sooner. A limiter with fixed windows sends
//! the same three numbers, so they are only believed where they add up to a window that services
//! use.

use std::time::Duration;

use crate::bucket::Rate;
use crate::tick::nanos;

/// The windows that services use: a second, a minute, an hour, a day.
const WINDOWS: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(60),
    Duration::from_secs(3_600),
    Duration::from_secs(86_400),
];

/// So many units tell how long one takes, though the last of them may be on its way back.
const MANY: u64 = 8;

/// How far the numbers may be off a window: this part of it, and what the header's rounding hides.
const TOLERANCE: u32 = 20;

/// Returns how long a request waits for a `limit` of which nothing is left.
///
/// Where the numbers are a GCRA limiter's it waits for its own slot, elsewhere for the window's end.
/// `None` where the header's rounding hides the slot: a window that has just begun looks the same
/// then, and whoever came back after 60 ms would be refused over and over. The backoff knows better.
pub(crate) fn wait_for_one(limit: u64, reset: Duration) -> Option<Duration> {
    let Some(others) = others(limit, reset) else { return Some(reset) };
    let rounding = resolution(reset);
    let wait = reset.saturating_sub(others);
    if wait >= rounding {
        return Some(wait);
    }
    // A limiter that has just refused a request does not have one to give: then it is another kind.
    let has_one = reset.saturating_add(rounding) <= others;
    has_one.then_some(reset)
}

/// Returns the window over which a limit is spread of which so much is `taken`, if the numbers prove
/// that it is: what is taken comes back in its part of a window.
pub(crate) fn proven_window(limit: u64, taken: u64, reset: Duration) -> Option<Duration> {
    let whole = Rate { limit: taken, window: reset }.span(limit);
    nearest(Duration::from_nanos(whole), resolution(reset))
        .filter(|_| taken > 0 && !reset.is_zero())
}

/// How much of a limit is taken, and how long until all of it is back: what one reply tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    pub(crate) taken: u64,
    pub(crate) reset: Duration,
}

/// Returns the window over which a limit is spread that two replies agree on, though services do not
/// use it: what takes more takes so much longer to come back. Both have to be [far apart](is_far_apart).
///
/// The end of a fixed window comes nearer the more of it is taken, and never agrees with itself.
///
/// The service tells spans in such a `unit`, the smallest one seen.
pub(crate) fn agreed_window(
    limit: u64,
    readings: [Reading; 2],
    unit: Duration,
) -> Option<Duration> {
    let [less, more] = readings;
    let [less, more] = if less.taken <= more.taken { [less, more] } else { [more, less] };
    let is_exact = |reading: &Reading| unit * TOLERANCE <= reading.reset;
    if less.reset >= more.reset || !readings.iter().all(is_exact) {
        return None;
    }
    let least = less.least_window(limit, unit).max(more.least_window(limit, unit));
    let fits = |reading: Reading| {
        let rate = Rate { limit, window: least };
        let whole = Duration::from_nanos(rate.span(reading.taken));
        let back = Duration::from_nanos(rate.span(1)).saturating_add(whole / TOLERANCE);
        reading.reset.saturating_add(back) >= whole
    };
    (fits(less) && fits(more)).then_some(least)
}

impl Reading {
    /// Returns how long the window is at least in which all of the limit comes back as what is taken does:
    /// what was taken last may be on its way back, and the span rounded up to the next `unit`.
    pub(crate) fn least_window(self, limit: u64, unit: Duration) -> Duration {
        let window = self.reset.saturating_sub(unit);
        let least = Rate { limit: self.taken, window }.span(limit);
        if self.taken == 0 { Duration::ZERO } else { Duration::from_nanos(least) }
    }
}

/// Returns whether two replies tell of so different states that it says something if they agree.
pub(crate) fn is_far_apart(one: Reading, other: Reading) -> bool {
    let (less, more) = (one.taken.min(other.taken), one.taken.max(other.taken));
    less > 0 && less.saturating_mul(2) <= more && more >= MANY
}

/// Returns whether services use such a window, so that one reply is enough to believe it.
pub(crate) fn is_usual(window: Duration) -> bool {
    WINDOWS.contains(&window)
}

/// Returns whether a limiter with this rate may say so: the last unit that is `taken` may be on its way
/// back already, and one more or less is how the limiter rounds.
pub(crate) fn fits(rate: Rate, taken: u64, reset: Duration) -> bool {
    let rounding = resolution(reset).saturating_add(Duration::from_nanos(rate.span(1)));
    let most = Duration::from_nanos(rate.span(taken));
    let least = Duration::from_nanos(rate.span(taken.saturating_sub(1)));
    reset <= most.saturating_add(rounding) && reset.saturating_add(rounding) >= least
}

/// Returns how long all of the limit but one takes to come back; `None` for another kind of limiter.
fn others(limit: u64, reset: Duration) -> Option<Duration> {
    let window = window(reset)?.as_nanos();
    let limit = u128::from(limit);
    let others = window.saturating_mul(limit.saturating_sub(1)).checked_div(limit)?;
    Some(Duration::from_nanos(u64::try_from(others).unwrap_or(u64::MAX)))
}

/// The window over which the limit is spread: the nearest to what a limit that is used up says.
fn window(reset: Duration) -> Option<Duration> {
    nearest(reset, resolution(reset))
}

/// The window that a span is meant to be which was told in such units.
fn nearest(span: Duration, rounding: Duration) -> Option<Duration> {
    let off = |window: &Duration| window.abs_diff(span);
    let nearest = WINDOWS.into_iter().min_by_key(off)?;
    let is_near = off(&nearest) <= (nearest / TOLERANCE).saturating_add(rounding);
    is_near.then_some(nearest)
}

/// The smallest unit that a span is told in.
pub(crate) fn resolution(span: Duration) -> Duration {
    let units = [1_000_000_000, 1_000_000, 1_000];
    let unit = units.into_iter().find(|unit| nanos(span) % unit == 0);
    Duration::from_nanos(unit.unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wait(limit: u64, reset: Duration) -> Option<u64> {
        wait_for_one(limit, reset).map(nanos)
    }

    #[test]
    fn slot_is_waited_for_where_it_is_told_and_a_window_where_it_is_one() {
        let table = [
            // name,                       limit, reset in ms, wait in ms
            ("all of a minute's gone", 60, 60_000, Some(1_000)),
            ("half a slot to wait", 60, 59_500, Some(500)),
            ("a slot, to the millisecond", 1_000, 59_975, Some(35)),
            ("one a minute", 1, 60_000, Some(60_000)),
            ("a day", 200, 86_400_000, Some(432_000)),
            ("a day, ten seconds later", 200, 86_390_000, Some(422_000)),
            ("slot hidden in a second", 1_000, 60_000, None),
            ("slot hidden in a second, rounded down", 1_000, 59_000, None),
            ("ten a second", 10, 1_000, None),
            ("whole slot, rounded down", 60, 59_000, None),
            ("near a window's start", 60, 58_000, Some(58_000)),
            ("window of a thousand", 1_000, 58_000, Some(58_000)),
            ("window to the millisecond", 60, 58_999, Some(58_999)),
            ("end of a fixed window", 60, 41_000, Some(41_000)),
            ("odd window", 3, 360_000, Some(360_000)),
            ("no limit", 0, 60_000, Some(60_000)),
            ("nothing to wait for", 60, 0, None),
        ];
        for (name, limit, reset, want) in table {
            let wait = wait_for_one(limit, Duration::from_millis(reset));
            assert_eq!(wait, want.map(Duration::from_millis), "{name}");
        }
    }

    #[test]
    fn odd_window_is_believed_when_two_replies_agree_on_it() {
        let micros = |taken, reset| Reading { taken, reset: Duration::from_micros(reset) };
        const US: Duration = Duration::from_micros(1);
        const MS: Duration = Duration::from_millis(1);
        #[rustfmt::skip]
        let table = [
            // name,                          unit, one,                     other,                   window in µs
            ("the first and the last",        US,    micros(1, 10_000),       micros(20, 199_300),     Some(199_980)),
            ("the other way round",           US,    micros(20, 199_300),     micros(1, 10_000),       Some(199_980)),
            ("on its way back",               US,    micros(4, 39_001),       micros(9, 88_001),       Some(195_556)),
            ("too near to each other",        US,    micros(6, 60_001),       micros(11, 110_001),     None),
            ("the same",                      US,    micros(20, 199_300),     micros(20, 199_100),     None),
            ("a window that ends",            US,    micros(5, 199_900),      micros(12, 199_700),     None),
            ("near its end",                  US,    micros(5, 100_300),      micros(20, 30_100),      None),
            ("too few to tell",               US,    micros(1, 10_001),       micros(2, 19_001),       None),
            ("too coarse",                    MS,    micros(1, 10_000),       micros(9, 90_000),       None),
            ("nothing taken",                 US,    micros(0, 0),            micros(2, 20_001),       None),
        ];
        for (name, unit, one, other, want) in table {
            let window = agreed_window(20, [one, other], unit);
            let window = window.filter(|_| is_far_apart(one, other));
            assert_eq!(window.map(|window| window.as_nanos().div_ceil(1_000)), want, "{name}");
        }
    }

    /// What a service tells of a span, in whole units, rounded down or up.
    fn told(span: u64, unit: u64, is_up: bool) -> Duration {
        let units = if is_up { span.div_ceil(unit) } else { span / unit };
        Duration::from_nanos(units * unit)
    }

    fn unit() -> impl Strategy<Value = u64> {
        proptest::sample::select(&[1, 1_000, 1_000_000, 1_000_000_000][..])
    }

    proptest! {
        #[test]
        fn prop_any_numbers_are_read(limit: u64, reset: u64) {
            prop_assert!(wait(limit, Duration::from_nanos(reset)).is_none_or(|wait| wait <= reset));
        }

        /// A limiter of our own that has just refused a request. The slots of a smaller limit are
        /// longer than the tolerance.
        #[test]
        fn prop_limiter_that_spreads_is_never_taken_for_a_window(
            limit in u64::from(TOLERANCE)..100_000,
            window in 0_usize..4,
            ahead: u64,
            unit in unit(),
            is_up: bool,
        ) {
            let window = nanos(WINDOWS[window]);
            let own = 1 + ahead % (window / limit);
            let reset = told(window - window / limit + own, unit, is_up);
            let far = |wait: u64| wait.abs_diff(own) > unit + 1;
            prop_assert!(!wait(limit, reset).is_some_and(far), "{:?} for {own}", wait(limit, reset));
        }

        /// A service with fixed windows, and a client whose backoff is half a second.
        #[test]
        fn prop_window_is_asked_a_few_times_only(
            limit in 1_u64..100_000,
            window in 1_usize..4,
            used_up: u64,
            unit in unit(),
            is_up: bool,
        ) {
            let window = nanos(WINDOWS[window]);
            let (mut now, mut refused) = (used_up % window, 0);
            while now < window {
                refused += 1;
                let hint = wait(limit, told(window - now, unit, is_up)).filter(|wait| *wait > 0);
                now += hint.unwrap_or(500_000_000);
            }
            prop_assert!(refused <= 8, "{refused}");
        }
    }
}
