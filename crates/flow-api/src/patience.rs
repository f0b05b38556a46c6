//! How long a driver waits for what an attempt still owes: its head, its body, the content of a
//! stream.

use std::time::Duration;

use flow_errors::call::{Send, Tick};
use flow_errors::{Error, Kind, Sent};
use http::StatusCode;

use crate::stream_options::StreamRules;

/// How long reading the body of an error may take: what it means is known from its status.
pub const MAX_ERROR_BODY_TIME: Duration = Duration::from_secs(5);

/// How long the end of a body may take after the end of the stream in it. A connection that has come
/// to it can be used again, but that is not worth a long wait.
const MAX_END_TIME: Duration = Duration::from_millis(100);

/// The time of one attempt, from the start of its send to the last byte of its body.
///
/// A driver asks [`until`](Self::until) before it waits, and ends the attempt with
/// [`over`](Self::over) once that instant has passed.
#[derive(Debug)]
pub struct Patience {
    /// The attempt's own limit.
    attempt: Limit,
    /// The limit for the next content of a stream.
    content: Limit,
    idle: Option<Duration>,
    contents: u64,
}

/// A limit: how much time there was, and when it is over.
#[derive(Clone, Copy, Debug)]
struct Limit {
    span: Duration,
    until: Option<Tick>,
}

impl Limit {
    fn new(span: Option<Duration>, from: Tick) -> Self {
        Self { span: span.unwrap_or_default(), until: span.map(|span| from + span) }
    }

    fn is_before(&self, other: &Self) -> bool {
        self.until.is_some_and(|until| other.until.is_none_or(|other| until < other))
    }
}

impl Patience {
    /// Starts the time of an attempt.
    pub(crate) fn new(send: &Send, rules: &StreamRules) -> Self {
        let (streams, now) = (send.target.streams, send.at);
        Self {
            attempt: Limit::new(send.timeout, now),
            content: Limit::new(rules.first_content.filter(|_| streams), now),
            idle: rules.idle.filter(|_| streams),
            contents: 0,
        }
    }

    /// Returns until when to wait for what comes next; `None` is without end.
    ///
    /// `contents` is how much [content](crate::client::Streaming::contents) a stream has had, and 0
    /// before there is any. The time for the next one begins with the first wait for it: what the
    /// caller does in between is not counted.
    #[must_use]
    pub fn until(&mut self, now: impl FnOnce() -> Tick, contents: u64) -> Option<Tick> {
        if contents > self.contents {
            self.contents = contents;
            self.content = Limit::new(self.idle, now());
        }
        [self.attempt.until, self.content.until].into_iter().flatten().min()
    }

    /// Begins a body that is read whole, and bounds it further where the reply is an error: what that
    /// means is known from its `status`. The clock is asked only then.
    pub fn for_body(&mut self, status: StatusCode, now: impl FnOnce() -> Tick) {
        self.content.until = None;
        if status.is_success() {
            return;
        }
        let soon = Limit::new(Some(MAX_ERROR_BODY_TIME), now());
        if soon.is_before(&self.attempt) {
            self.attempt.until = soon.until;
            if self.attempt.span.is_zero() {
                self.attempt.span = soon.span;
            }
        }
    }

    /// Bounds the rest further where nothing but the end of the body is still to come.
    pub fn for_end(&mut self, now: Tick) {
        self.content = Limit::new(Some(MAX_END_TIME), now);
    }

    /// Returns the error of an attempt whose time is over.
    #[must_use]
    pub fn over(&self, sent: Sent) -> Error {
        if !self.content.is_before(&self.attempt) {
            Error::timeout(sent, self.attempt.span)
        } else if sent == Sent::No {
            Error::timeout(sent, self.content.span)
        } else {
            Error::stalled(self.content.span)
        }
    }

    /// Returns what is told of an attempt that ended with `error`: where a transport keeps to the
    /// limits, it does not know which of them was over.
    #[must_use]
    pub fn instead_of(&self, error: Error, sent: Sent) -> Error {
        let is_ours = error.kind() == Kind::Timeout && self.content.is_before(&self.attempt);
        if is_ours { self.over(sent) } else { error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: u32) -> Tick {
        Tick::ORIGIN + seconds * SECOND
    }

    fn patience(streams: bool, timeout: Option<u32>, first: Option<u32>, idle: u32) -> Patience {
        use flow_errors::call::{Call, Gate, Operation, Step, Timeouts};
        let operation = Operation::new(http::Method::POST, "/x");
        let mut timeouts = Timeouts::default().without_deadline();
        if let Some(timeout) = timeout {
            timeouts = timeouts.with_attempt(timeout * SECOND).unwrap();
        }
        let mut call = Call::new(operation, flow_errors::RetryPolicy::default(), timeouts, at(0));
        if streams {
            call = call.streaming();
        }
        let Step::Send(send) = call.poll(at(0), &mut Gate::new()) else { panic!("it is sent") };
        let rules = StreamRules {
            first_content: first.map(|first| first * SECOND),
            idle: Some(idle * SECOND),
            ..StreamRules::DEFAULT
        };
        Patience::new(&send, &rules)
    }

    #[test]
    fn content_has_its_time_from_the_first_wait_for_it() {
        let mut patience = patience(true, Some(100), Some(5), 10);
        assert_eq!(patience.until(|| at(1), 0), Some(at(5)));
        assert_eq!(patience.until(|| at(4), 0), Some(at(5)));
        assert_eq!(patience.until(|| at(6), 1), Some(at(16)));
        assert_eq!(patience.until(|| at(15), 1), Some(at(16)));
        let error = patience.over(Sent::Perhaps);
        assert_eq!((error.kind(), error.message()), (Kind::Timeout, "no content for 10.00 s"));
        // Of the caller's own time between two pieces nothing is counted.
        assert_eq!(patience.until(|| at(90), 3), Some(at(100)));
        assert_eq!(patience.over(Sent::Perhaps).message(), "no whole reply within 1 min 40 s");
    }

    #[test]
    fn limits_for_content_are_those_of_streams() {
        assert_eq!(patience(false, Some(100), Some(5), 10).until(|| at(1), 0), Some(at(100)));
        assert_eq!(patience(false, None, Some(5), 10).until(|| at(1), 0), None);
        let mut endless = patience(true, None, None, 10);
        assert_eq!((endless.until(|| at(1), 0), endless.until(|| at(2), 1)), (None, Some(at(12))));
    }

    #[test]
    fn body_of_an_error_and_the_end_of_a_stream_have_little_time() {
        let mut error = patience(true, None, None, 10);
        error.for_body(StatusCode::OK, || at(1));
        assert_eq!(error.until(|| at(1), 0), None);
        error.for_body(StatusCode::BAD_GATEWAY, || at(1));
        assert_eq!(error.until(|| at(2), 0), Some(at(6)));
        assert_eq!(error.over(Sent::Perhaps).message(), "no whole reply within 5.00 s");
        let mut end = patience(true, None, None, 10);
        assert_eq!(end.until(|| at(1), 1), Some(at(11)));
        end.for_end(at(2));
        assert_eq!(end.until(|| at(2), 1), Some(at(2) + MAX_END_TIME));
    }

    #[test]
    fn without_a_connection_there_was_no_stream() {
        let patience = patience(true, Some(100), Some(5), 10);
        assert_eq!(patience.over(Sent::No).message(), "no connection within 5.00 s");
    }
}
