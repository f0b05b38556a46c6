//! The headers in which services state their limits, and what nothing left means for waiting.
//!
//! Three families: `x-ratelimit-*` of OpenAI and those like it, `anthropic-ratelimit-*`, and the
//! `RateLimit` fields of the IETF drafts (6 as three headers, 7 as `limit=`, 8 and later as `r=`).

use std::cmp::Reverse;
use std::time::{Duration, SystemTime};

use http::HeaderMap;

use crate::header_text::texts;
use crate::limit::Limit;
use crate::{gcra, instant, span};

/// How the names of limits begin.
pub(crate) const PREFIXES: [&str; 3] = ["x-ratelimit-", "ratelimit", "anthropic-ratelimit-"];

/// Names of limit, remaining and reset, the surest first.
const REQUESTS: [[&str; 3]; 3] = [
    ["x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"],
    ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"],
    [
        "anthropic-ratelimit-requests-limit",
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-reset",
    ],
];
const TOKENS: [[&str; 3]; 2] = [
    ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"],
    [
        "anthropic-ratelimit-tokens-limit",
        "anthropic-ratelimit-tokens-remaining",
        "anthropic-ratelimit-tokens-reset",
    ],
];
const DRAFT_6: [&str; 3] = ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"];

/// The most items that are read of a header: a service states a few limits.
const MAX_ITEMS: usize = 16;

/// A bare number of seconds from here on is no wait but an instant: 31 years, or 2001.
const FIRST_INSTANT: Duration = Duration::from_secs(1_000_000_000);

/// Returns whether any limit is stated.
pub(crate) fn has_any(headers: &HeaderMap) -> bool {
    let is_limit = |name: &str| PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    headers.keys().any(|name| is_limit(name.as_str()))
}

/// Reads the limit on requests; resets that are instants count from `now`.
pub(crate) fn requests(headers: &HeaderMap, now: Option<SystemTime>) -> Option<Limit> {
    first(headers, &REQUESTS, now).or_else(|| standard(headers, now).next())
}

/// Reads the limit on tokens; resets that are instants count from `now`.
pub(crate) fn tokens(headers: &HeaderMap, now: Option<SystemTime>) -> Option<Limit> {
    first(headers, &TOKENS, now)
}

/// Returns how long a refused request has to wait for a limit with nothing left.
///
/// The standard fields say it outright. The others say when all of the limit is back: where that
/// fits a limiter that spreads requests evenly, one fits sooner. Of tokens nobody here knows how
/// many the request needs, so it waits for all of them.
pub(crate) fn wait(headers: &HeaderMap, now: Option<SystemTime>) -> Option<Duration> {
    if !has_any(headers) {
        return None;
    }
    let is_exhausted = |limit: &Limit| limit.remaining == Some(0) && limit.reset.is_some();
    let window_end = |limit: Limit| limit.reset;
    let standard = standard(headers, now).find(is_exhausted).and_then(window_end);
    standard.or_else(|| {
        let exhausted = |names: &[[&str; 3]]| {
            names.iter().filter_map(|names| named(headers, *names, now)).find(is_exhausted)
        };
        let (requests, tokens) = (exhausted(&REQUESTS), exhausted(&TOKENS));
        requests.and_then(|limit| next_request(&limit)).max(tokens.and_then(window_end))
    })
}

/// The wait for one request of a limit that has none left.
fn next_request(limit: &Limit) -> Option<Duration> {
    let reset = limit.reset?;
    limit.limit.map_or(Some(reset), |limit| gcra::wait_for_one(limit, reset))
}

fn first(headers: &HeaderMap, names: &[[&str; 3]], now: Option<SystemTime>) -> Option<Limit> {
    names.iter().find_map(|names| named(headers, *names, now))
}

fn named(headers: &HeaderMap, names: [&str; 3], now: Option<SystemTime>) -> Option<Limit> {
    let [limit, remaining, reset] = names;
    some(Limit {
        limit: texts(headers, limit).find_map(number),
        remaining: texts(headers, remaining).find_map(number),
        reset: texts(headers, reset).find_map(|text| reset_in(text, now)),
    })
}

/// Reads the IETF's fields in any draft's form, the newer drafts' first.
fn standard(headers: &HeaderMap, now: Option<SystemTime>) -> impl Iterator<Item = Limit> {
    let items: Vec<&str> = items(headers, "ratelimit").collect();
    let value = |name| items.iter().find_map(|item| value(item, name));
    let as_dictionary = Limit {
        limit: value("limit").and_then(number),
        remaining: value("remaining").and_then(number),
        reset: value("reset").and_then(span::go),
    };
    // Of several policies the one that is nearest to refusing, and of those the slowest.
    let policies = items.iter().filter_map(|item| policy(headers, item));
    let tightest = policies.min_by_key(|limit| (limit.remaining, Reverse(limit.reset)));
    let draft_6 = move || named(headers, DRAFT_6, now);
    let drafts = some(as_dictionary).into_iter().chain(tightest);
    drafts.chain(std::iter::once_with(draft_6).flatten())
}

/// Lists what stands between the commas of a header.
///
/// A comma inside a quoted name leaves halves that match no policy, which does no harm.
fn items<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    let lines = texts(headers, name).flat_map(|line| line.split(','));
    lines.map(str::trim_ascii).take(MAX_ITEMS)
}

/// Reads `"name";r=0;t=60`, with the quota of the policy of that name.
fn policy(headers: &HeaderMap, item: &str) -> Option<Limit> {
    let remaining = parameter(item, "r").and_then(number)?;
    let name = item.split(';').next();
    let mut ours =
        items(headers, "ratelimit-policy").filter(|policy| policy.split(';').next() == name);
    Some(Limit {
        limit: ours.find_map(|policy| parameter(policy, "q")).and_then(number),
        remaining: Some(remaining),
        reset: parameter(item, "t").and_then(span::go),
    })
}

fn parameter<'a>(item: &'a str, name: &str) -> Option<&'a str> {
    item.split(';').skip(1).find_map(|parameter| value(parameter.trim_ascii(), name))
}

fn value<'a>(pair: &'a str, name: &str) -> Option<&'a str> {
    pair.strip_prefix(name)?.trim_ascii_start().strip_prefix('=').map(str::trim_ascii_start)
}

/// Turns a limit that says nothing into none.
fn some(limit: Limit) -> Option<Limit> {
    (limit != Limit::default()).then_some(limit)
}

/// Reads a count; Envoy lists the limits that apply, `10, 10;w=60`, the tightest first.
fn number(text: &str) -> Option<u64> {
    let first = text.split([',', ';']).next()?.trim_ascii();
    first.bytes().all(|byte| byte.is_ascii_digit()).then(|| first.parse().ok())?
}

/// Reads a span, or an instant in Unix seconds or milliseconds, or as a date of RFC 3339.
fn reset_in(text: &str, now: Option<SystemTime>) -> Option<Duration> {
    let Some(reset) = span::go(text) else {
        return Some(instant::until(instant::rfc3339(text)?, now?));
    };
    if reset < FIRST_INSTANT || text.ends_with('s') || text.ends_with('h') || text.ends_with('m') {
        return Some(reset);
    }
    // Milliseconds since 1970 are more seconds than a span can count.
    let since_1970 =
        if reset < span::MAX { reset } else { span::decimal(text, span::NANOS_PER_MILLI)? };
    // In microseconds it would be an instant that nobody lives to see.
    let is_near = since_1970 < span::MAX;
    let instant = SystemTime::UNIX_EPOCH.checked_add(since_1970).filter(|_| is_near)?;
    Some(instant::until(instant, now?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header_text::headers;
    use crate::rate_limits::RateLimits;

    fn limits(pairs: &[(&str, &str)]) -> RateLimits {
        RateLimits::from_headers(&headers(pairs))
    }

    #[test]
    fn counts_are_whole_or_nothing() {
        let table = [
            ("60", Some(60)),
            ("0", Some(0)),
            (" 7 ", Some(7)),
            ("10, 10;w=60", Some(10)),
            ("-1", None),
            ("+5", None),
            ("1.5", None),
            ("", None),
            ("99999999999999999999", None),
        ];
        for (text, want) in table {
            let read = limits(&[("x-ratelimit-limit-tokens", text)]);
            assert_eq!(read.tokens().and_then(Limit::limit), want, "{text:?}");
            assert_eq!(read.is_empty(), want.is_none(), "{text:?}");
        }
    }

    #[test]
    fn resets_are_spans_or_instants() {
        const DATE: &str = "Sun, 22 Nov 2026 18:30:00 GMT";
        let table = [
            ("6m0s", DATE, Some(360_000)),
            ("19.9575s", DATE, Some(19_958)),
            ("3", DATE, Some(3_000)),
            ("41", "", Some(41_000)),
            ("1795372260", DATE, Some(60_000)),
            ("1795372260000", DATE, Some(60_000)),
            ("1795372260.5", DATE, Some(60_500)),
            ("1795372260000000", DATE, None),
            ("1795372260000000000", DATE, None),
            ("1795372140", DATE, Some(0)),
            ("1795372260", "", None),
            ("9999999h", "", Some(18_446_744_073_709)),
            ("-1", DATE, None),
            ("reset", DATE, None),
        ];
        for (text, date, want) in table {
            let read = limits(&[("x-ratelimit-reset-requests", text), ("date", date)]);
            let reset = read.requests().and_then(Limit::reset);
            let millis = reset.map(|reset| span::round_up(reset).as_millis());
            assert_eq!(millis, want, "{text:?} at {date:?}");
        }
    }

    #[test]
    fn bare_names_count_as_requests_where_those_say_nothing() {
        let bare = limits(&[("x-ratelimit-remaining", "1"), ("x-ratelimit-limit-tokens", "5")]);
        assert_eq!(bare.requests().and_then(Limit::remaining), Some(1));
        let both =
            limits(&[("x-ratelimit-remaining", "1"), ("x-ratelimit-remaining-requests", "2")]);
        assert_eq!(both.requests().and_then(Limit::remaining), Some(2));
    }

    #[test]
    fn every_family_of_headers_is_read() {
        type Pairs = &'static [(&'static str, &'static str)];
        const POLICY: (&str, &str) =
            ("ratelimit-policy", "\"burst\";q=10;w=1, \"day\";q=500;w=86400");
        #[rustfmt::skip]
        let table: [(&str, Pairs, [Option<u64>; 3]); 9] = [
            ("Anthropic", &[("anthropic-ratelimit-requests-limit", "50"),
                ("anthropic-ratelimit-requests-remaining", "0"),
                ("date", "Sun, 22 Nov 2026 18:30:00 GMT"),
                ("anthropic-ratelimit-requests-reset", "2026-11-22T18:31:00Z")],   [Some(50), Some(0), Some(60)]),
            ("draft 6",   &[("ratelimit-limit", "10, 10;w=60"), ("ratelimit-remaining", "3"),
                ("ratelimit-reset", "60")],                                         [Some(10), Some(3), Some(60)]),
            ("draft 7",   &[("ratelimit", "limit=10, remaining=3, reset=60")],      [Some(10), Some(3), Some(60)]),
            ("blanks",    &[("ratelimit", "limit = 10, remaining =3, reset= 60")],  [Some(10), Some(3), Some(60)]),
            ("draft 8",   &[("ratelimit", "\"burst\"; r=0; t=60"), POLICY],         [Some(10), Some(0), Some(60)]),
            ("tightest",  &[("ratelimit", "\"day\";r=7;t=900,\"burst\";r=2;t=1"), POLICY], [Some(10), Some(2), Some(1)]),
            ("slowest",   &[("ratelimit", "\"burst\";r=0;t=1"), ("ratelimit", "\"day\";r=0;t=900"), POLICY], [Some(500), Some(0), Some(900)]),
            ("no policy", &[("ratelimit", "\"other\";r=4"), POLICY],                [None, Some(4), None]),
            ("OpenAI's before the standard's", &[("ratelimit", "limit=1, remaining=1, reset=1"),
                ("x-ratelimit-remaining-requests", "7")],                           [None, Some(7), None]),
        ];
        for (name, pairs, [limit, remaining, reset]) in table {
            let read = limits(pairs).requests().cloned().unwrap_or_default();
            let reset = reset.map(Duration::from_secs);
            assert_eq!(
                (read.limit, read.remaining, read.reset),
                (limit, remaining, reset),
                "{name}"
            );
        }
    }

    #[test]
    fn long_and_many_values_are_left_out() {
        let policies = |from: usize| -> String {
            let items = (from..from + 40).map(|number| format!("\"{number}\";r=0;t={number}"));
            items.collect::<Vec<_>>().join(",")
        };
        let mut many = headers(&[("ratelimit", &policies(10))]);
        for from in 10..900 {
            many.append("ratelimit", policies(from).parse().unwrap());
            many.append("ratelimit-policy", policies(from).parse().unwrap());
        }
        assert_eq!(wait(&many, None), Some(Duration::from_secs(25)));
        let long = format!("remaining=0, reset=9, {}", "x".repeat(1_024));
        assert_eq!(wait(&headers(&[("ratelimit", &long)]), None), None);
    }

    #[test]
    fn nothing_left_means_a_wait_and_anything_left_means_none() {
        type Pairs = &'static [(&'static str, &'static str)];
        const LEFT: &str = "x-ratelimit-remaining-requests";
        const RESET: &str = "x-ratelimit-reset-requests";
        const LIMIT: &str = "x-ratelimit-limit-requests";
        const TOKENS_LEFT: &str = "x-ratelimit-remaining-tokens";
        const TOKENS_RESET: &str = "x-ratelimit-reset-tokens";
        #[rustfmt::skip]
        let table: [(&str, Pairs, Option<u64>); 20] = [
            ("a window's end",    &[(LEFT, "0"), (RESET, "6m0s")],                              Some(360_000)),
            ("the other is gone", &[(LEFT, "9"), (RESET, "6m0s"), (TOKENS_LEFT, "0"), (TOKENS_RESET, "20ms")], Some(20)),
            ("both are gone",     &[(LEFT, "0"), (RESET, "6m0s"), (TOKENS_LEFT, "0"), (TOKENS_RESET, "20ms")], Some(360_000)),
            ("some are left",     &[(LEFT, "3"), (RESET, "6m0s")],                              None),
            ("nobody says",       &[(RESET, "6m0s")],                                           None),
            ("no end",            &[(LEFT, "0")],                                               None),
            ("spread evenly",     &[(LIMIT, "60"), (LEFT, "0"), (RESET, "59.5s")],              Some(500)),
            ("a slot or a window", &[(LIMIT, "1000"), (LEFT, "0"), (RESET, "60")],              None),
            ("one slot",          &[(LIMIT, "60"), (LEFT, "0"), (RESET, "60")],                 Some(1_000)),
            ("ten a second",      &[(LIMIT, "10"), (LEFT, "0"), (RESET, "1")],                  None),
            ("a day",             &[(LIMIT, "200"), (LEFT, "0"), (RESET, "86390")],             Some(422_000)),
            ("in the middle of a window", &[(LIMIT, "60"), (LEFT, "0"), (RESET, "41s")],        Some(41_000)),
            ("near a window's start",     &[(LIMIT, "60"), (LEFT, "0"), (RESET, "58s")],        Some(58_000)),
            ("tokens for a request of any size", &[("x-ratelimit-limit-tokens", "60"), (TOKENS_LEFT, "0"), (TOKENS_RESET, "60s")], Some(60_000)),
            ("Envoy",             &[("x-ratelimit-limit", "10, 10;w=60"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "41")], Some(41_000)),
            ("gone below another family", &[(LEFT, "7"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "9")], Some(9_000)),
            ("tokens gone below another", &[(TOKENS_LEFT, "7"), ("anthropic-ratelimit-tokens-remaining", "0"), ("anthropic-ratelimit-tokens-reset", "8")], Some(8_000)),
            ("gone in an older draft",    &[("ratelimit", "limit=9, remaining=2, reset=60"), ("ratelimit-remaining", "0"), ("ratelimit-reset", "7")], Some(7_000)),
            ("blanks",                    &[("ratelimit", "remaining = 0, reset = 6")], Some(6_000)),
            ("the standard's first", &[("ratelimit", "limit=60, remaining=0, reset=60"), (LEFT, "0"), (RESET, "1s")], Some(60_000)),
        ];
        for (name, pairs, want) in table {
            let wait = wait(&headers(pairs), None);
            assert_eq!(wait, want.map(Duration::from_millis), "{name}");
        }
    }
}
