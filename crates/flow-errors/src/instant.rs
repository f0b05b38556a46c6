//! Instants as services spell them.
//!
//! Every reader is total: what is no date in its form is `None`, and no year before 1970 is one.

use std::time::{Duration, SystemTime};

use crate::span;

/// Reads any of the three date forms of RFC 9110, section 5.6.7.
pub(crate) fn http_date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text).ok()
}

/// Reads a date of RFC 3339, `2026-11-22T18:31:00.25+01:00`, with a zone, or a space for the `T`.
///
/// Leap seconds are taken for the second after them.
pub(crate) fn rfc3339(text: &str) -> Option<SystemTime> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let (clock, zone) = time.split_at_checked(time.find(['Z', 'z', '+', '-'])?)?;
    let since_midnight = since_midnight(clock)?;
    let local = SystemTime::UNIX_EPOCH.checked_add(days_since_1970(date)? + since_midnight)?;
    if zone.eq_ignore_ascii_case("z") {
        return Some(local);
    }
    match (zone.strip_prefix('+'), zone.strip_prefix('-')) {
        (Some(ahead), _) => local.checked_sub(hours_and_minutes(ahead)?),
        (_, Some(behind)) => local.checked_add(hours_and_minutes(behind)?),
        _ => None,
    }
}

/// Returns the time from `earlier` to `later`, zero if that is in the past.
pub(crate) fn until(later: SystemTime, earlier: SystemTime) -> Duration {
    later.duration_since(earlier).unwrap_or_default()
}

fn days_since_1970(date: &str) -> Option<Duration> {
    let (year, rest) = date.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    let (year, month, day) = (number(year, 4, 9999)?, number(month, 2, 12)?, number(day, 2, 31)?);
    if year < 1970 || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    // Counting years from March puts the leap day last. Four digits cannot overflow.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    let days = 365 * year + leap_days + (153 * month + 2) / 5 + day;
    Some(Duration::from_secs((days - 719_469) * 86_400))
}

/// How many days a month has; none if there is no such month.
const fn days_in(year: u64, month: u64) -> u64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 0,
    }
}

/// Reads `18:31:00`, perhaps with a fraction.
fn since_midnight(clock: &str) -> Option<Duration> {
    let (minutes, seconds) = clock.split_at_checked(6)?;
    let minutes = hours_and_minutes(minutes.strip_suffix(':')?)?;
    number(seconds.get(..2)?, 2, 60)?;
    Some(minutes + span::decimal(seconds, span::NANOS_PER_SEC)?)
}

/// Reads `18:31`.
fn hours_and_minutes(text: &str) -> Option<Duration> {
    let (hours, minutes) = text.split_once(':')?;
    let minutes = number(hours, 2, 23)? * 60 + number(minutes, 2, 59)?;
    Some(Duration::from_secs(minutes * 60))
}

/// Reads a number of exactly so many digits, up to `most`.
fn number(text: &str, digits: usize, most: u64) -> Option<u64> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?.filter(|number| *number <= most)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Option<SystemTime> {
        Some(SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
    }

    #[test]
    fn dates_are_read_with_fraction_and_zone_or_not_at_all() {
        let table = [
            ("2026-11-22T18:31:00Z", at(1_795_372_260_000)),
            ("2026-11-22t18:31:00z", at(1_795_372_260_000)),
            ("2026-11-22 18:31:00Z", at(1_795_372_260_000)),
            ("2026-11-22T18:31:00.250Z", at(1_795_372_260_250)),
            ("2026-11-22T19:31:00+01:00", at(1_795_372_260_000)),
            ("2026-11-22T13:01:00-05:30", at(1_795_372_260_000)),
            ("1970-01-01T00:00:00Z", at(0)),
            ("2000-02-29T00:00:00Z", at(951_782_400_000)),
            ("2016-12-31T23:59:60Z", at(1_483_228_800_000)),
            ("2026-11-22T18:31:00", None),
            ("2026-11-22", None),
            ("2026-13-22T18:31:00Z", None),
            ("2026-00-22T18:31:00Z", None),
            ("2100-02-29T00:00:00Z", None),
            ("2026-04-31T00:00:00Z", None),
            ("1969-12-31T23:59:59Z", None),
            ("2026-11-22T24:00:00Z", None),
            ("2026-11-22T18:60:00Z", None),
            ("2026-11-22T18:31Z", None),
            ("2026-11-22T18:31:00+1", None),
            ("2026-11-22T18:31:00Z0", None),
            ("2026-11-22 18:33:45 UTC", None),
            ("26-11-22T18:31:00Z", None),
            ("", None),
        ];
        for (text, want) in table {
            assert_eq!(rfc3339(text), want, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn prop_readers_are_total(text in "\\PC{0,40}", digits in "[0-9TZ:. +-]{0,30}") {
            for text in [text, digits] {
                let _ = (http_date(&text), rfc3339(&text));
            }
        }

        /// Another crate's calendar writes the date that ours reads.
        #[test]
        fn prop_both_calendars_agree(seconds in 0_u64..253_402_300_800) {
            let instant = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            let date = httpdate::fmt_http_date(instant);
            let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
            let month = months.find(&date[8..11]).unwrap() / 3 + 1;
            let text = format!("{}-{month:02}-{}T{}Z", &date[12..16], &date[5..7], &date[17..25]);
            prop_assert_eq!(rfc3339(&text), Some(instant));
            prop_assert_eq!(http_date(&date), Some(instant));
        }
    }
}
