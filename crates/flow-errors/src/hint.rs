//! When the server said to come back.
//!
//! The first source that is present *and valid* wins: a bad value never hides a good one below
//! it. What is no wait (negative, not finite, in words) is `None`, never an error.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::header_text::{date, texts};
use crate::{Envelope, instant, limit_headers, phrase, span};

/// The headers that hold milliseconds, the first to be asked first.
const MILLIS: [&str; 2] = ["retry-after-ms", "x-ms-retry-after-ms"];

/// The fields of a body that hold seconds, as a number or as a span in text.
const FIELDS: [&str; 4] =
    ["retry_after", "retry_after_seconds", "resets_in_seconds", "estimated_time"];

/// The most headers that are read out of a body.
const MAX_HEADERS_IN_BODY: usize = 64;

/// Reads the wait that a reply's headers ask for, rounded up to whole milliseconds.
///
/// The headers are `retry-after-ms`, `x-ms-retry-after-ms` and `retry-after`, in this order; the
/// last holds seconds, also with decimals, or a date in one of HTTP's three forms. A date counts
/// from the reply's own `Date`, so that the client's clock does not matter, or else from
/// `received_at`; a past one is a wait of zero. The wait is not capped, but ends at 584 years.
///
/// An [`Error`](crate::Error) made of a reply looks further, into the body and at the limits.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use flow_errors::headers;
/// use http::{HeaderMap, HeaderValue};
///
/// let mut headers = HeaderMap::new();
/// headers.insert("retry-after-ms", HeaderValue::from_static("soon"));
/// headers.insert("retry-after", HeaderValue::from_static("1.5"));
/// let wait = headers::retry_after(&headers, SystemTime::UNIX_EPOCH);
/// assert_eq!(wait, Some(Duration::from_millis(1_500)));
/// ```
#[must_use]
pub fn retry_after(headers: &HeaderMap, received_at: SystemTime) -> Option<Duration> {
    asked_for(headers, || date(headers).or(Some(received_at))).map(span::round_up)
}

/// What a body says of waiting: for programs, and for people.
pub(crate) struct Said<'a> {
    /// Whether it was a rate limit that refused the request.
    pub(crate) is_rate_limit: bool,
    pub(crate) envelope: Option<&'a Envelope>,
    pub(crate) prose: Option<&'a str>,
}

/// Reads the wait of a whole failed reply: its headers, else its body, else its limits.
///
/// Limits are asked only about a refusal because of one: nothing left is no reason for any other.
pub(crate) fn of_reply(
    headers: &HeaderMap,
    said: &Said<'_>,
    received_at: SystemTime,
) -> Option<Duration> {
    let now = || date(headers).or(Some(received_at));
    let in_limits = || said.is_rate_limit.then(|| limit_headers::wait(headers, now()))?;
    asked_for(headers, now).or_else(|| said_in(said, now)).or_else(in_limits).map(span::round_up)
}

/// Reads the wait in a body alone.
pub(crate) fn in_body(
    said: &Said<'_>,
    now: impl FnOnce() -> Option<SystemTime>,
) -> Option<Duration> {
    said_in(said, now).map(span::round_up)
}

fn said_in(said: &Said<'_>, now: impl FnOnce() -> Option<SystemTime>) -> Option<Duration> {
    let in_fields = said.envelope.and_then(|envelope| in_fields(envelope, now));
    in_fields.or_else(|| phrase::wait(said.prose?))
}

/// Reads the headers that are about waiting; dates, which are rare, count from `now`.
fn asked_for(headers: &HeaderMap, now: impl FnOnce() -> Option<SystemTime>) -> Option<Duration> {
    let millis = |text| span::decimal(text, span::NANOS_PER_MILLI);
    if let Some(wait) = MILLIS.iter().find_map(|name| texts(headers, name).find_map(millis)) {
        return Some(wait);
    }
    let mut asked = texts(headers, "retry-after").filter_map(Asked::read);
    match asked.next()? {
        Asked::Seconds(wait) => Some(wait),
        Asked::Until(instant) => Some(instant::until(instant, now()?)),
    }
}

/// What a `Retry-After` holds.
enum Asked {
    Seconds(Duration),
    Until(SystemTime),
}

impl Asked {
    fn read(text: &str) -> Option<Self> {
        let seconds = span::decimal(text, span::NANOS_PER_SEC).map(Self::Seconds);
        seconds.or_else(|| instant::http_date(text).map(Self::Until))
    }
}

/// Reads the fields of a body: Google's `RetryInfo`, plain seconds, or headers passed on.
fn in_fields(envelope: &Envelope, now: impl FnOnce() -> Option<SystemTime>) -> Option<Duration> {
    let seconds = |name: &&str| seconds(envelope.get(name)?);
    in_retry_info(envelope)
        .or_else(|| FIELDS.iter().find_map(seconds))
        .or_else(|| in_inner_headers(envelope, now))
}

fn in_retry_info(envelope: &Envelope) -> Option<Duration> {
    let details = envelope.get("details")?.as_array()?;
    let is_info = |detail: &&Value| {
        let name = detail.get("@type").and_then(Value::as_str);
        name.is_some_and(|name| name.ends_with("google.rpc.RetryInfo"))
    };
    details.iter().filter(is_info).find_map(|info| seconds(info.get("retryDelay")?))
}

/// Reads `error.metadata.headers`, where gateways pass on what the provider behind them sent.
fn in_inner_headers(
    envelope: &Envelope,
    now: impl FnOnce() -> Option<SystemTime>,
) -> Option<Duration> {
    let fields = envelope.get("metadata")?.get("headers")?.as_object()?;
    let mut headers = HeaderMap::new();
    for (name, value) in fields.iter().take(MAX_HEADERS_IN_BODY) {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::try_from(text)) {
            headers.append(name, value);
        }
    }
    let now = now();
    asked_for(&headers, || now).or_else(|| limit_headers::wait(&headers, now))
}

/// Reads a number of seconds, or a span in text.
fn seconds(value: &Value) -> Option<Duration> {
    match value {
        // Without an exponent, which `Display` has for the very large and the very small.
        Value::Number(number) => {
            let text = match number.as_u64() {
                Some(whole) => whole.to_string(),
                None => format!("{:.9}", number.as_f64()?),
            };
            span::decimal(&text, span::NANOS_PER_SEC)
        }
        Value::String(text) => span::go(text.trim_ascii()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::header_text::headers;

    /// Fri, 29 Sep 2023 16:26:37 GMT, the instant that the official SDKs' tests mock.
    const NOW: u64 = 1_696_004_797;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn millis(pairs: &[(&str, &str)]) -> Option<u128> {
        retry_after(&headers(pairs), at(NOW)).map(|wait| wait.as_millis())
    }

    /// The table of what the official SDKs do, with what we do. Where they differ, so do their
    /// reasons: zero is a wait of zero (the call then waits by its backoff), and a hint above the
    /// policy's maximum is told whole (the call then stops).
    #[test]
    fn retry_after_is_read_as_other_clients_do_or_for_a_reason() {
        let table = [
            ("20", Some(20_000)),
            ("0", Some(0)),
            ("-10", None),
            ("-1", None),
            ("60", Some(60_000)),
            ("61", Some(61_000)),
            ("120", Some(120_000)),
            ("121", Some(121_000)),
            ("0.5", Some(500)),
            ("0.0004", Some(1)),
            ("1e1", None), // Not in RFC 9110, and a client that reads 1 would come too early.
            ("1_0", None),
            ("+5", None), // Outside the grammar, as a sign is no digit.
            (" 5 ", Some(5_000)),
            ("5s", None),
            ("5, 10", None),
            ("0x10", None),
            ("inf", None),
            ("Infinity", None),
            ("nan", None),
            ("", None),
            ("99999999999999999999999999999999999", Some(span::MAX.as_millis())),
            ("Fri, 29 Sep 2023 16:26:57 GMT", Some(20_000)),
            ("Fri, 29 Sep 2023 16:26:37 GMT", Some(0)),
            ("Fri, 29 Sep 2023 16:26:27 GMT", Some(0)),
            ("Fri, 29 Sep 2023 16:27:37 GMT", Some(60_000)),
            ("Fri, 29 Sep 2023 16:27:38 GMT", Some(61_000)),
            ("Fri, 29 Sep 2023 16:28:38 GMT", Some(121_000)),
            ("Zun, 29 Sep 2023 16:26:57 GMT", None),
            ("Friday, 29-Sep-23 16:26:57 GMT", Some(20_000)),
            ("Fri Sep 29 16:26:57 2023", Some(20_000)),
            ("2023-09-29T16:26:57Z", None),
            ("Fri, 29 Sep 2023 18:26:57 +0200", None), // Not an HTTP date; no one sends it.
            ("Fri, 29 Sep 100000 16:26:57 GMT", None),
        ];
        for (value, want) in table {
            assert_eq!(millis(&[("retry-after", value)]), want, "{value:?}");
        }
    }

    #[test]
    fn bad_value_never_hides_a_good_one() {
        const MS: &str = "retry-after-ms";
        const RA: &str = "retry-after";
        type Pairs = &'static [(&'static str, &'static str)];
        let table: [(&str, Pairs, Option<u128>); 10] = [
            ("milliseconds", &[(MS, "1500")], Some(1_500)),
            ("zero counts", &[(MS, "0"), (RA, "20")], Some(0)),
            ("negative", &[(MS, "-5"), (RA, "20")], Some(20_000)),
            ("word", &[(MS, "abc"), (RA, "20")], Some(20_000)),
            ("not a number", &[(MS, "nan"), (RA, "20")], Some(20_000)),
            ("shorter", &[(RA, "20"), (MS, "500")], Some(500)),
            ("Azure", &[(RA, "20"), ("x-ms-retry-after-ms", "7")], Some(7)),
            ("repeated", &[(RA, "soon"), (RA, "7"), (RA, "11")], Some(7_000)),
            ("not UTF-8", &[(RA, "１"), (RA, "3")], Some(3_000)),
            ("absent", &[], None),
        ];
        for (name, pairs, want) in table {
            assert_eq!(millis(pairs), want, "{name}");
        }
    }

    fn of_429(pairs: &[(&str, &str)], body: &Value) -> Option<u128> {
        let envelope = Envelope::decode(body.to_string().as_bytes()).unwrap();
        let prose = envelope.message();
        let said = Said { is_rate_limit: true, envelope: Some(&envelope), prose };
        of_reply(&headers(pairs), &said, at(NOW)).map(|wait| wait.as_millis())
    }

    #[test]
    fn fields_of_the_body_are_read() {
        const INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";
        let table = [
            ("seconds", json!({"error": {"message": "m", "retry_after": 7}}), Some(7_000)),
            ("at the top", json!({"message": "m", "retry_after": 0.5}), Some(500)),
            ("span in text", json!({"error": {"retry_after": "1m30s"}}), Some(90_000)),
            ("resets", json!({"error": {"resets_in_seconds": 60}}), Some(60_000)),
            ("loading", json!({"error": "loading", "estimated_time": 20.0}), Some(20_000)),
            (
                "Google",
                json!({"error": {"details": [{"@type": "x"}, {"@type": INFO, "retryDelay": "34.0001s"}]}}),
                Some(34_001),
            ),
            (
                "headers passed on",
                json!({"error": {"metadata": {"headers": {"Retry-After": "9"}}}}),
                Some(9_000),
            ),
            (
                "limits passed on",
                json!({"error": {"metadata": {"headers": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": 1_696_004_857_000_u64}}}}),
                Some(60_000),
            ),
            ("very long", json!({"error": {"retry_after": 1e20}}), Some(span::MAX.as_millis())),
            ("very short", json!({"error": {"retry_after": 1e-7}}), Some(1)),
            ("negative", json!({"error": {"retry_after": -1}}), None),
            ("negative and short", json!({"error": {"retry_after": -1e-7}}), None),
            (
                "another type",
                json!({"error": {"retry_after": true, "details": "x", "metadata": {"headers": []}}}),
                None,
            ),
            ("nothing", json!({}), None),
        ];
        for (name, body, want) in table {
            assert_eq!(of_429(&[], &body), want, "{name}");
        }
    }

    #[test]
    fn headers_win_over_fields_and_those_over_prose_and_all_over_limits() {
        const LIMITS: [(&str, &str); 2] =
            [("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "4s")];
        let all = json!({"error": {"message": "try again in 3s", "retry_after": 2}});
        let prose = json!({"error": {"message": "try again in 3s"}});
        let with_header = [("retry-after", "1"), LIMITS[0], LIMITS[1]];
        assert_eq!(of_429(&with_header, &all), Some(1_000));
        assert_eq!(of_429(&LIMITS, &all), Some(2_000));
        assert_eq!(of_429(&LIMITS, &prose), Some(3_000));
        assert_eq!(of_429(&LIMITS, &json!({})), Some(4_000));
        let garbage = [("retry-after", "later"), LIMITS[0], LIMITS[1]];
        assert_eq!(of_429(&garbage, &json!({})), Some(4_000));
    }

    #[test]
    fn prose_is_read_for_itself() {
        let prose = Some("fix it and try again in 5s");
        let prose = Said { is_rate_limit: false, envelope: None, prose };
        assert_eq!(in_body(&prose, || None), Some(Duration::from_secs(5)));
    }

    proptest! {
        #[test]
        fn prop_11_any_header_is_read_without_panic(value: Vec<u8>, since: u32) {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.insert("retry-after", value.clone());
                headers.insert("date", value);
            }
            let _ = retry_after(&headers, at(since.into()));
        }

        #[test]
        fn prop_11_rendered_seconds_and_dates_are_read_back(seconds in 0_u64..1_000_000) {
            let want = Some(u128::from(seconds) * 1_000);
            let date = httpdate::fmt_http_date(at(NOW + seconds));
            prop_assert_eq!(millis(&[("retry-after", &seconds.to_string())]), want);
            prop_assert_eq!(millis(&[("retry-after", &date)]), want);
        }

        #[test]
        fn prop_12_signed_and_infinite_values_are_no_hint(
            number in prop_oneof![
                any::<f64>().prop_map(|number| -number.abs()),
                proptest::sample::select(&[f64::INFINITY, f64::NEG_INFINITY, f64::NAN][..]),
            ],
        ) {
            prop_assert_eq!(millis(&[("retry-after", &number.to_string())]), None);
            prop_assert_eq!(millis(&[("retry-after-ms", &number.to_string())]), None);
        }

        #[test]
        fn prop_16_precedence_is_independent_of_order_and_case(
            order in Just(vec![0_usize, 1, 2]).prop_shuffle(),
            upper: bool,
        ) {
            let mut names = ["retry-after-ms", "x-ms-retry-after-ms", "retry-after"].map(str::to_owned);
            if upper {
                names = names.map(|name| name.to_ascii_uppercase());
            }
            let values = ["1", "2", "3"];
            let pairs: Vec<_> = order.iter().map(|&i| (names[i].as_str(), values[i])).collect();
            prop_assert_eq!(millis(&pairs), Some(1));
        }

        #[test]
        fn prop_17_dates_do_not_depend_on_the_clients_clock(offset in 0_u64..u32::MAX.into()) {
            let headers = headers(&[
                ("date", "Fri, 29 Sep 2023 16:26:37 GMT"),
                ("retry-after", "Fri, 29 Sep 2023 16:26:57 GMT"),
            ]);
            prop_assert_eq!(retry_after(&headers, at(offset)), Some(Duration::from_secs(20)));
        }
    }
}
