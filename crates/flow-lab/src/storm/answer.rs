//! What the simulated service answers, and what a client sees of a send.

use std::time::{Duration, SystemTime};

use flow_errors::call::Outcome;
use flow_errors::headers::RateLimits;
use flow_errors::{Body, Error, Sent};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// A reply: its status, and what its headers tell.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) retry_after: Option<Duration>,
    pub(super) state: Option<State>,
}

/// What a limiter tells of itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub(super) is_of_tokens: bool,
    pub(super) limit: u64,
    pub(super) remaining: u64,
    /// Until all of it is back.
    pub(super) reset: Duration,
}

/// What a client sees of a send.
#[derive(Clone, Debug)]
pub(super) enum Seen {
    Answer(Answer),
    /// Nothing came in so long.
    Timeout(Duration),
}

impl Answer {
    pub(super) const fn ok() -> Self {
        Self { status: StatusCode::OK, retry_after: None, state: None }
    }

    pub(super) const fn refusal(status: StatusCode, retry_after: Option<Duration>) -> Self {
        Self { status, retry_after, state: None }
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(wait) = self.retry_after {
            headers.insert("retry-after-ms", millis(wait).into());
        }
        if let Some(state) = self.state {
            let [limit, remaining, reset] = state.names();
            headers.insert(limit, state.limit.into());
            headers.insert(remaining, state.remaining.into());
            if let Ok(text) = HeaderValue::from_str(&format!("{}ms", millis(state.reset))) {
                headers.insert(reset, text);
            }
        }
        headers
    }
}

impl State {
    const fn names(&self) -> [HeaderName; 3] {
        let [limit, remaining, reset] = if self.is_of_tokens {
            ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"]
        } else {
            [
                "x-ratelimit-limit-requests",
                "x-ratelimit-remaining-requests",
                "x-ratelimit-reset-requests",
            ]
        };
        [
            HeaderName::from_static(limit),
            HeaderName::from_static(remaining),
            HeaderName::from_static(reset),
        ]
    }
}

impl Seen {
    pub(super) fn is_success(&self) -> bool {
        self.status().is_some_and(|status| status.is_success())
    }

    pub(super) const fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Answer(answer) => Some(answer.status),
            Self::Timeout(_) => None,
        }
    }

    /// Returns how long the service wants to be left alone.
    pub(super) const fn hint(&self) -> Option<Duration> {
        match self {
            Self::Answer(answer) => answer.retry_after,
            Self::Timeout(_) => None,
        }
    }

    /// Returns what the machine is told: headers go through the parser that real ones go through.
    pub(super) fn outcome(&self, tokens: u64) -> Outcome {
        match self {
            Self::Answer(answer) if answer.status.is_success() => Outcome::Succeeded {
                status: answer.status,
                request_id: None,
                limits: RateLimits::from_headers(&answer.headers()),
                tokens: (tokens > 0).then_some(tokens),
            },
            Self::Answer(answer) => Outcome::Failed(Error::from_response(
                answer.status,
                &answer.headers(),
                Body::default(),
                SystemTime::UNIX_EPOCH,
            )),
            Self::Timeout(limit) => Outcome::Failed(Error::timeout(Sent::Perhaps, *limit)),
        }
    }
}

/// Whole milliseconds, rounded up: who comes then is not too early.
fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
