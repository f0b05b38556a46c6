//! What the service says of its limits in reply headers.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::field::{date, texts};
use crate::span;

/// A bare number of seconds from here on is no wait but an instant: 31 years, or 2001.
const FIRST_INSTANT: Duration = Duration::from_secs(1_000_000_000);

/// The limits that a reply's headers state.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use flow_errors::headers::RateLimits;
/// use http::{HeaderMap, HeaderValue};
///
/// let mut headers = HeaderMap::new();
/// headers.insert("x-ratelimit-limit-requests", HeaderValue::from_static("60"));
/// headers.insert("x-ratelimit-remaining-requests", HeaderValue::from_static("59"));
/// headers.insert("x-ratelimit-reset-requests", HeaderValue::from_static("1s"));
///
/// let limits = RateLimits::from_headers(&headers);
/// let requests = limits.requests().expect("three headers about requests");
/// assert_eq!(requests.remaining(), Some(59));
/// assert_eq!(requests.reset(), Some(Duration::from_secs(1)));
/// assert_eq!(limits.tokens(), None);
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimits {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requests: Option<Limit>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tokens: Option<Limit>,
}

/// One limit: how much there is, how much is left, and when all of it is back.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remaining: Option<u64>,
    #[serde(
        rename = "reset_ns",
        default,
        skip_serializing_if = "Option::is_none",
        with = "crate::json::optional_nanos"
    )]
    reset: Option<Duration>,
}

impl RateLimits {
    /// Reads `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`.
    ///
    /// The same names without a dimension count as requests where those say nothing. A negative
    /// number says nothing; a reset that is an instant counts from the reply's own `Date`.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Self {
        // Most replies of most services state none: one pass is cheaper than ten look-ups.
        if !headers.keys().any(|name| name.as_str().starts_with("x-ratelimit-")) {
            return Self::default();
        }
        let now = date(headers);
        let requests = Limit::read(headers, REQUESTS, now);
        Self {
            requests: requests.or_else(|| Limit::read(headers, BARE, now)),
            tokens: Limit::read(headers, TOKENS, now),
        }
    }

    /// Returns the limit on requests.
    #[must_use]
    pub const fn requests(&self) -> Option<&Limit> {
        self.requests.as_ref()
    }

    /// Returns the limit on tokens.
    #[must_use]
    pub const fn tokens(&self) -> Option<&Limit> {
        self.tokens.as_ref()
    }

    /// Returns whether the reply said nothing of limits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.requests.is_none() && self.tokens.is_none()
    }
}

impl Limit {
    /// Returns how much may be used in a window.
    #[must_use]
    pub const fn limit(&self) -> Option<u64> {
        self.limit
    }

    /// Returns how much of it is left.
    #[must_use]
    pub const fn remaining(&self) -> Option<u64> {
        self.remaining
    }

    /// Returns how long it takes until all of it is back.
    ///
    /// That is not the wait until the next request fits; [`retry_after`](crate::Error::retry_after)
    /// is.
    #[must_use]
    pub const fn reset(&self) -> Option<Duration> {
        self.reset
    }

    fn read(headers: &HeaderMap, names: [&str; 3], now: Option<SystemTime>) -> Option<Self> {
        let [limit, remaining, reset] = names;
        let read = Self {
            limit: texts(headers, limit).find_map(number),
            remaining: texts(headers, remaining).find_map(number),
            reset: texts(headers, reset).find_map(|text| reset_in(text, now)),
        };
        (read != Self::default()).then_some(read)
    }
}

const REQUESTS: [&str; 3] =
    ["x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"];
const TOKENS: [&str; 3] =
    ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"];
const BARE: [&str; 3] = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];

/// Reads a count; Envoy lists the limits that apply, `10, 10;w=60`, the tightest first.
fn number(text: &str) -> Option<u64> {
    let first = text.split([',', ';']).next()?.trim_ascii();
    first.bytes().all(|byte| byte.is_ascii_digit()).then(|| first.parse().ok())?
}

/// Reads a span, or an instant in Unix seconds or milliseconds.
fn reset_in(text: &str, now: Option<SystemTime>) -> Option<Duration> {
    let reset = span::go(text)?;
    if reset < FIRST_INSTANT || text.ends_with('s') || text.ends_with('h') || text.ends_with('m') {
        return Some(reset);
    }
    // Milliseconds since 1970 are more seconds than a span can count.
    let since_1970 =
        if reset < span::MAX { reset } else { span::decimal(text, span::NANOS_PER_MILLI)? };
    Some(span::until(SystemTime::UNIX_EPOCH.checked_add(since_1970)?, now?))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    fn limits(pairs: &[(&'static str, &str)]) -> RateLimits {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        RateLimits::from_headers(&headers)
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

    proptest! {
        #[test]
        fn prop_limits_survive_json(limit: Option<u64>, remaining: Option<u64>, nanos: Option<u64>) {
            let one = Limit { limit, remaining, reset: nanos.map(Duration::from_nanos) };
            let limits = RateLimits { requests: Some(one), tokens: None };
            let json = serde_json::to_string(&limits).unwrap();
            prop_assert_eq!(serde_json::from_str::<RateLimits>(&json).unwrap(), limits);
        }
    }
}
