//! The state of a limiter, read back from the headers it exports.
//!
//! A GCRA limiter spreads its `limit` evenly over a window. What it calls `reset` is the time until
//! *all* of the limit is back; the next request fits much sooner. A limiter with fixed windows sends
//! the same three numbers, so they are only believed where they add up to a window that services
//! use.

use std::time::Duration;

use crate::tick::nanos;

/// The windows that services use: a second, a minute, an hour, a day.
const WINDOWS: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(60),
    Duration::from_secs(3_600),
    Duration::from_secs(86_400),
];

/// How far the numbers may be off a window: this part of it, and what the header's rounding hides.
const TOLERANCE: u128 = 20;

/// Returns the time until one more of `limit` fits; `None` where the numbers are no GCRA limiter's.
pub(crate) fn wait_for_one(limit: u64, remaining: u64, reset: Duration) -> Option<Duration> {
    let window = window(limit, remaining, reset)?.as_nanos();
    let limit = u128::from(limit);
    let others = window.saturating_mul(limit.saturating_sub(1)).checked_div(limit)?;
    Some(reset.saturating_sub(Duration::from_nanos(u64::try_from(others).unwrap_or(u64::MAX))))
}

/// The window over which the limit is spread: the nearest to what the numbers say.
fn window(limit: u64, remaining: u64, reset: Duration) -> Option<Duration> {
    let consumed = u128::from(limit.checked_sub(remaining).filter(|consumed| *consumed > 0)?);
    let scaled = |span: Duration| span.as_nanos().saturating_mul(u128::from(limit)) / consumed;
    let (stated, rounding) = (scaled(reset), scaled(resolution(reset)));
    let off = |window: &Duration| window.as_nanos().abs_diff(stated);
    let nearest = WINDOWS.into_iter().min_by_key(off)?;
    let is_near = off(&nearest) <= (nearest.as_nanos() / TOLERANCE).saturating_add(rounding);
    is_near.then_some(nearest)
}

/// The smallest unit that a span is told in.
fn resolution(span: Duration) -> Duration {
    let units = [1_000_000_000, 1_000_000, 1_000];
    let unit = units.into_iter().find(|unit| nanos(span) % unit == 0);
    Duration::from_nanos(unit.unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn published_samples_fit_a_window_and_others_do_not() {
        let table = [
            // name,                     limit, remaining, reset in ms, wait in µs
            ("requests per minute", 5_000, 4_999, 12, Some(0)),
            ("tokens per minute", 160_000, 159_976, 9, Some(0)),
            ("one a second", 60, 59, 1_000, Some(0)),
            ("all of a minute's gone", 60, 0, 60_000, Some(1_000_000)),
            ("half a slot to wait", 60, 0, 59_500, Some(500_000)),
            ("one a minute", 1, 0, 60_000, Some(60_000_000)),
            ("ten a second", 10, 0, 1_000, Some(100_000)),
            ("a day", 200, 0, 86_400_000, Some(432_000_000)),
            ("end of a fixed window", 60, 0, 41_000, None),
            ("odd window", 3, 0, 360_000, None),
            ("nothing used", 60, 60, 0, None),
            ("more left than there is", 60, 61, 1_000, None),
            ("no limit", 0, 0, 60_000, None),
        ];
        for (name, limit, remaining, reset, want) in table {
            let wait = wait_for_one(limit, remaining, Duration::from_millis(reset));
            assert_eq!(wait.map(|wait| wait.as_micros()), want, "{name}");
        }
    }

    proptest! {
        #[test]
        fn prop_any_numbers_are_read(limit: u64, remaining: u64, reset: u64) {
            let wait = wait_for_one(limit, remaining, Duration::from_nanos(reset));
            prop_assert!(wait.is_none_or(|wait| wait <= Duration::from_nanos(reset)));
        }

        /// A limiter of our own, exporting its state to the nanosecond.
        #[test]
        fn prop_wait_is_the_limiters_own(limit in 1_u64..100_000, window in 0_usize..4, ahead: u64) {
            let window = nanos(WINDOWS[window]);
            let interval = window / limit;
            let whole = interval * limit;
            let reset = 1 + ahead % whole;
            let remaining = limit - reset.div_ceil(interval);
            let own = reset.saturating_sub(interval * (limit - 1));
            let wait = wait_for_one(limit, remaining, Duration::from_nanos(reset));
            // What was rounded off an interval is lost once for each request.
            prop_assert!(wait.is_none_or(|wait| nanos(wait).abs_diff(own) <= limit));
        }
    }
}
