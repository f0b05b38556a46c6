//! Spans as services spell them.
//!
//! Every reader is total and exact: no floats, anything outside its grammar is `None`, and what is
//! too long to count in 64 bits of nanoseconds saturates.

use std::time::Duration;

/// The longest span there is, 584 years: whole milliseconds that survive being written as
/// nanoseconds in 64 bits.
pub(crate) const MAX: Duration = Duration::from_millis(u64::MAX / NANOS_PER_MILLI);

pub(crate) const NANOS_PER_MILLI: u64 = 1_000_000;
pub(crate) const NANOS_PER_SEC: u64 = 1_000 * NANOS_PER_MILLI;

/// The longest span that 64 bits of nanoseconds hold; readers saturate there.
pub(crate) const LONGEST: Duration = Duration::from_nanos(u64::MAX);

/// The units of Go's `Duration.String`.
const UNITS: [(&str, u64); 8] = [
    ("ms", NANOS_PER_MILLI),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ns", 1),
    ("h", 3_600 * NANOS_PER_SEC),
    ("m", 60 * NANOS_PER_SEC),
    ("s", NANOS_PER_SEC),
];

/// Fractions are exact to this many digits; whatever follows rounds up.
const MAX_FRACTION: usize = 18;

/// Reads `12`, `0.5`, `.5` or `1.` as so many units of `unit` nanoseconds, rounded up.
///
/// There are no signs, exponents or separators: services that send those mean no span.
pub(crate) fn decimal(text: &str, unit: u64) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let nanos = digits(whole).saturating_mul(unit).saturating_add(part(fraction, unit));
    Some(Duration::from_nanos(nanos))
}

/// Reads a span in Go's spelling, `1h2m3.5s`, or bare seconds.
pub(crate) fn go(text: &str) -> Option<Duration> {
    if let Some(seconds) = decimal(text, NANOS_PER_SEC) {
        return Some(seconds);
    }
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let is_digit = |c: char| c.is_ascii_digit() || c == '.';
        let (number, tail) = rest.split_at_checked(rest.find(|c| !is_digit(c))?)?;
        let (word, tail) = tail.split_at_checked(tail.find(is_digit).unwrap_or(tail.len()))?;
        total = total.saturating_add(decimal(number, unit(word)?)?);
        rest = tail;
    }
    (!text.is_empty()).then(|| total.min(LONGEST))
}

/// Returns the nanoseconds of a unit by its symbol.
pub(crate) fn unit(symbol: &str) -> Option<u64> {
    UNITS.iter().find(|(name, _)| *name == symbol).map(|(_, unit)| *unit)
}

/// Rounds up to whole milliseconds, so that a wait never ends early; [`MAX`] at most.
pub(crate) fn round_up(span: Duration) -> Duration {
    let nanos = crate::tick::nanos(span);
    Duration::from_millis(nanos.div_ceil(NANOS_PER_MILLI)).min(MAX)
}

/// The value of ASCII digits; `u64::MAX` if it is larger, 0 if there are none.
fn digits(text: &str) -> u64 {
    text.bytes().fold(0, |sum: u64, byte| {
        sum.saturating_mul(10).saturating_add(u64::from(byte.saturating_sub(b'0')))
    })
}

/// The part of `unit` that the digits after a point stand for, rounded up.
fn part(fraction: &str, unit: u64) -> u64 {
    let (kept, rest) = fraction.split_at_checked(MAX_FRACTION).unwrap_or((fraction, ""));
    let more = u128::from(rest.bytes().any(|byte| byte != b'0'));
    let scale = kept.bytes().fold(1_u128, |scale, _| scale.saturating_mul(10));
    let share = u128::from(digits(kept)).saturating_add(more).saturating_mul(u128::from(unit));
    u64::try_from(share.div_ceil(scale)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spans_are_read_in_every_spelling() {
        let table = [
            ("1s", Some(1_000_000_000)),
            ("6m0s", Some(360_000_000_000)),
            ("20ms", Some(20_000_000)),
            ("1h2m3.5s", Some(3_723_500_000_000)),
            ("1.5h", Some(5_400_000_000_000)),
            ("100µs", Some(100_000)),
            ("100μs", Some(100_000)),
            ("100us", Some(100_000)),
            ("1ns", Some(1)),
            ("0.1ns", Some(1)),
            ("3", Some(3_000_000_000)),
            ("0.0004", Some(400_000)),
            ("0.0000000000000000001", Some(1)),
            ("9999999999999999999999h", Some(u64::MAX)),
            ("-1", None),
            ("-1s", None),
            ("+1s", None),
            ("1d2h", None),
            ("2m 3s", None),
            ("1M", None),
            ("1h2m3.5", None),
            ("1..5s", None),
            (".", None),
            (".s", None),
            ("ms", None),
            ("s5", None),
            ("", None),
            ("inf", None),
            ("NaN", None),
            ("1e2", None),
            ("1_0", None),
            ("１２", None),
        ];
        for (text, want) in table {
            assert_eq!(go(text), want.map(Duration::from_nanos), "{text:?}");
        }
    }

    /// Spells a span as Go does.
    fn spell(nanos: u64) -> String {
        let (seconds, rest) = (nanos / NANOS_PER_SEC, nanos % NANOS_PER_SEC);
        format!("{}h{}m{}.{rest:09}s", seconds / 3_600, seconds / 60 % 60, seconds % 60)
    }

    proptest! {
        #[test]
        fn prop_readers_are_total(text in "\\PC{0,40}", digits in "[0-9.hmsun+-]{0,40}") {
            for text in [text, digits] {
                let _ = (decimal(&text, NANOS_PER_SEC), go(&text));
            }
        }

        #[test]
        fn prop_11_rendered_spans_are_read_back(nanos: u64) {
            prop_assert_eq!(go(&spell(nanos)), Some(Duration::from_nanos(nanos)));
            let seconds = format!("{}.{:09}", nanos / NANOS_PER_SEC, nanos % NANOS_PER_SEC);
            let read = decimal(&seconds, NANOS_PER_SEC);
            prop_assert_eq!(read, Some(Duration::from_nanos(nanos)));
        }

        #[test]
        fn prop_rounding_up_is_never_shorter_nor_a_millisecond_longer(nanos: u64) {
            let span = Duration::from_nanos(nanos).min(MAX);
            let rounded = round_up(span);
            prop_assert!(rounded >= span && rounded < span + Duration::from_millis(1));
            prop_assert_eq!(rounded.subsec_nanos() % 1_000_000, 0);
        }
    }
}
