//! Limits on how much each model may be asked, and what the server tells of them.

use std::collections::HashMap;
use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::gcra::{Gcra, Rate, State};
use crate::reply::Reply;
use crate::rows;

/// How often each model may be asked, and what the server tells of it.
///
/// The server lets requests through at an even rate, with a burst of some at once after a pause (the
/// generic cell rate algorithm); the others are refused with the row 429, which costs them nothing.
/// Each model has a limit of its own, whoever asks. Only chats and embeddings that nothing else speaks
/// against count.
///
/// Unless told otherwise, the server tells what it knows: `x-ratelimit-limit-requests`, `-remaining-`
/// and `-reset-` on every answer, where the limit is the burst and the reset is the time until all of it is
/// back; on refusals also `retry-after-ms` and `retry-after`, the time until one request fits.
///
/// # Examples
///
/// ```
/// use flow_sim::{Limit, Sim};
///
/// let sim = Sim::builder().limit(Limit::per_minute(60).burst(1)).start()?;
/// let ask = || {
///     let config = ureq::Agent::config_builder().http_status_as_error(false);
///     ureq::Agent::from(config.build())
///         .post(format!("{}/embeddings", sim.base_url()))
///         .header("authorization", "Bearer sk-test")
///         .send(r#"{ "model": "m", "input": "Hi" }"#)
/// };
/// assert_eq!(ask()?.headers()["x-ratelimit-reset-requests"], "1s");
/// let refused = ask()?;
/// assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (429, &"1".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a limit does nothing until a server has it"]
pub struct Limit {
    requests: Rate,
    tokens: Option<u32>,
    tells_limits: bool,
    tells_retry_after: bool,
}

impl Limit {
    /// So many requests in a window, and as many at once.
    pub const fn new(requests: u32, window: Duration) -> Self {
        let requests = Rate { count: requests, window, burst: requests };
        Self { requests, tokens: None, tells_limits: true, tells_retry_after: true }
    }

    /// So many requests a second, and as many at once.
    pub const fn per_second(requests: u32) -> Self {
        Self::new(requests, Duration::from_secs(1))
    }

    /// So many requests a minute, and as many at once.
    pub const fn per_minute(requests: u32) -> Self {
        Self::new(requests, Duration::from_secs(60))
    }

    /// Lets so many requests pass at once.
    pub const fn burst(mut self, requests: u32) -> Self {
        self.requests.burst = requests;
        self
    }

    /// Limits tokens too: so many in the same window, and as many at once.
    ///
    /// A request counts what it asks with, roughly, and what `max_tokens` allows the answer. The headers
    /// are `x-ratelimit-limit-tokens` and so on.
    pub const fn tokens(mut self, tokens: u32) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// Says whether answers have `x-ratelimit-` headers.
    pub const fn tells_limits(mut self, tells: bool) -> Self {
        self.tells_limits = tells;
        self
    }

    /// Says whether refusals have `retry-after-ms` and `retry-after`.
    pub const fn tells_retry_after(mut self, tells: bool) -> Self {
        self.tells_retry_after = tells;
        self
    }

    /// Says what is wrong with the limit, if anything is.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let Rate { count, window, burst } = self.requests;
        if count == 0 || burst == 0 || self.tokens == Some(0) {
            return Err("a limit of nothing lets nothing through: at least 1");
        }
        if window.is_zero() { Err("a limit needs a window") } else { Ok(()) }
    }

    fn token_rate(&self) -> Option<Rate> {
        let window = self.requests.window;
        self.tokens.map(|tokens| Rate { count: tokens, window, burst: tokens })
    }
}

/// The limits of all models.
#[derive(Debug)]
pub(crate) struct Limiter {
    limit: Limit,
    models: HashMap<String, Meters>,
}

/// What is taken of one model's limits.
#[derive(Debug)]
struct Meters {
    requests: Gcra,
    tokens: Option<Gcra>,
}

impl Limiter {
    pub(crate) fn new(limit: Limit) -> Self {
        Self { limit, models: HashMap::new() }
    }

    /// Lets a request pass, with what the answer's head is to say, or refuses it.
    pub(crate) fn ask(
        &mut self,
        now: Duration,
        model: &str,
        tokens: impl FnOnce() -> u32,
    ) -> Result<HeaderMap, Box<Reply>> {
        let limit = self.limit;
        if !self.models.contains_key(model) {
            self.models.insert(model.to_owned(), Meters::new(&limit));
        }
        let Some(meters) = self.models.get_mut(model) else { return Ok(HeaderMap::new()) };
        // Not counted for nothing: the request has to be written out for it.
        let tokens = if meters.tokens.is_some() { tokens() } else { 0 };
        let wait = meters.wait(now, tokens);
        if wait.is_zero() {
            meters.take(now, tokens);
            return Ok(limit.told(meters, now));
        }
        let mut reply = rows::row(StatusCode::TOO_MANY_REQUESTS);
        reply.headers.remove(RETRY_AFTER);
        reply.headers.extend(limit.told(meters, now));
        if limit.tells_retry_after {
            put(&mut reply.headers, "retry-after-ms", &rounded_up(wait, 1_000_000));
            put(&mut reply.headers, "retry-after", &rounded_up(wait, 1_000_000_000));
        }
        Err(Box::new(reply))
    }
}

impl Meters {
    fn new(limit: &Limit) -> Self {
        let tokens = limit.token_rate().map(Gcra::new);
        Self { requests: Gcra::new(limit.requests), tokens }
    }

    fn wait(&self, now: Duration, tokens: u32) -> Duration {
        let wait = self.requests.wait(now, 1);
        self.tokens.as_ref().map_or(wait, |meter| wait.max(meter.wait(now, tokens)))
    }

    fn take(&mut self, now: Duration, tokens: u32) {
        self.requests.take(now, 1);
        if let Some(meter) = &mut self.tokens {
            meter.take(now, tokens);
        }
    }
}

impl Limit {
    /// What an answer's head tells of the limits.
    fn told(&self, meters: &Meters, now: Duration) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if !self.tells_limits {
            return headers;
        }
        let State { limit, remaining, reset } = meters.requests.state(now);
        put(&mut headers, "x-ratelimit-limit-requests", &limit.to_string());
        put(&mut headers, "x-ratelimit-remaining-requests", &remaining.to_string());
        put(&mut headers, "x-ratelimit-reset-requests", &spelled(reset));
        if let Some(tokens) = &meters.tokens {
            let State { limit, remaining, reset } = tokens.state(now);
            put(&mut headers, "x-ratelimit-limit-tokens", &limit.to_string());
            put(&mut headers, "x-ratelimit-remaining-tokens", &remaining.to_string());
            put(&mut headers, "x-ratelimit-reset-tokens", &spelled(reset));
        }
        headers
    }
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    // Digits and letters are always a header's value.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// The wait in whole units of so many nanoseconds, at least one.
fn rounded_up(wait: Duration, unit: u128) -> String {
    wait.as_nanos().div_ceil(unit).max(1).to_string()
}

/// A span as services spell it, which is Go's way, rounded up to microseconds: `6m0s`, `1.5s`, `12ms`.
fn spelled(span: Duration) -> String {
    let micros = span.as_nanos().div_ceil(1_000);
    if micros < 1_000_000 {
        return format!("{}ms", decimal(micros, 1_000));
    }
    let (minutes, rest) = (micros / 60_000_000, decimal(micros % 60_000_000, 1_000_000));
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{rest}s"),
        (0, minutes) => format!("{minutes}m{rest}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{rest}s"),
    }
}

/// So many units of `unit` each, as a decimal without zeros at its end.
fn decimal(count: u128, unit: u128) -> String {
    let (whole, part) = (count / unit.max(1), count % unit.max(1));
    if part == 0 {
        return whole.to_string();
    }
    let digits = unit.ilog10();
    let part = format!("{part:0width$}", width = usize::try_from(digits).unwrap_or(0));
    format!("{whole}.{}", part.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 5] = [
        "x-ratelimit-limit-requests",
        "x-ratelimit-remaining-requests",
        "x-ratelimit-reset-requests",
        "retry-after-ms",
        "retry-after",
    ];

    fn told(headers: &HeaderMap) -> [&str; 5] {
        NAMES.map(|name| headers.get(name).map_or("", |value| value.to_str().unwrap()))
    }

    #[test]
    fn answers_tell_what_they_are_to_tell() {
        let limit = Limit::per_second(100).burst(2);
        let silent = limit.tells_limits(false).tells_retry_after(false);
        #[rustfmt::skip]
        let table = [
            ("all",         limit,                        ["2", "1", "10ms", "", ""], ["2", "0", "19.5ms", "10", "1"]),
            ("limits",      limit.tells_retry_after(false), ["2", "1", "10ms", "", ""], ["2", "0", "19.5ms", "", ""]),
            ("retry-after", limit.tells_limits(false),    [""; 5],                    ["", "", "", "10", "1"]),
            ("nothing",     silent,                       [""; 5],                    [""; 5]),
        ];
        for (name, limit, granted, refused) in table {
            let mut limiter = Limiter::new(limit);
            let at = |micros| Duration::from_micros(micros);
            let first = limiter.ask(at(1_000), "m", || 1).unwrap();
            assert_eq!(told(&first), granted, "{name}");
            limiter.ask(at(1_000), "m", || 1).unwrap();
            let refusal = limiter.ask(at(1_500), "m", || 1).unwrap_err();
            assert_eq!((refusal.status.as_u16(), told(&refusal.headers)), (429, refused), "{name}");
            assert!(limiter.ask(at(1_500), "another", || 1).is_ok(), "{name}");
        }
    }

    #[test]
    fn tokens_are_a_limit_of_their_own() {
        let mut limiter = Limiter::new(Limit::per_second(10).tokens(1_000));
        let second = Duration::from_secs(1);
        let first = limiter.ask(second, "m", || 800).unwrap();
        assert_eq!(first["x-ratelimit-remaining-tokens"], "200");
        assert_eq!(first["x-ratelimit-reset-tokens"], "800ms");
        let refusal = limiter.ask(second, "m", || 300).unwrap_err();
        assert_eq!(refusal.headers["retry-after-ms"], "100");
        // Neither limit was touched by the refusal.
        assert_eq!(refusal.headers["x-ratelimit-remaining-requests"], "9");
        assert!(limiter.ask(second, "m", || 200).is_ok());
    }

    #[test]
    fn spans_are_spelled_as_services_do() {
        let table = [
            (0, "0ms"),
            (12_000_000, "12ms"),
            (153_270_001, "153.271ms"),
            (999_999_001, "1s"),
            (1_500_000_000, "1.5s"),
            (19_957_500_000, "19.9575s"),
            (60_000_000_000, "1m0s"),
            (360_000_000_000, "6m0s"),
            (3_723_500_000_000, "1h2m3.5s"),
        ];
        for (nanos, want) in table {
            assert_eq!(spelled(Duration::from_nanos(nanos)), want);
        }
    }

    #[test]
    fn limit_of_nothing_is_refused() {
        let good = Limit::per_minute(60);
        let bad =
            [Limit::per_second(0), good.burst(0), good.tokens(0), Limit::new(1, Duration::ZERO)];
        assert!(good.check().is_ok());
        assert!(bad.iter().all(|limit| limit.check().is_err()));
    }
}
