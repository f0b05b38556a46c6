//! A service with a limit on requests or on tokens: a GCRA limiter.
//!
//! Its state is one instant, as in the algorithm's description: when all of the limit would be back.

use std::time::Duration;

use flow_errors::call::Tick;
use http::StatusCode;

use crate::storm::answer::{Answer, State};
use crate::storm::service::{Replies, Request, Service};

/// What replies tell of the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::storm) enum Tells {
    /// Every reply tells the limiter's state, and a refusal when to come back.
    State,
    /// A refusal tells when to come back.
    RetryAfter,
    Nothing,
}

/// What there is a limit on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::storm) enum Unit {
    Requests,
    Tokens,
}

/// The limiter and what it is like.
#[derive(Clone, Debug)]
pub(in crate::storm) struct Limiter {
    pub(in crate::storm) unit: Unit,
    /// How long one unit takes to come back.
    pub(in crate::storm) interval: Duration,
    /// How many units may be taken at once.
    pub(in crate::storm) burst: u64,
    pub(in crate::storm) tells: Tells,
    /// What a refusal takes of the limit, in percent of what it asked for.
    pub(in crate::storm) charge: u64,
    pub(in crate::storm) status: StatusCode,
    pub(in crate::storm) full_at: Tick,
}

impl Limiter {
    /// Starts with all of a limit on requests.
    pub(in crate::storm) fn of_requests(per_second: f64, burst: u64, tells: Tells) -> Self {
        Self {
            unit: Unit::Requests,
            interval: Duration::from_secs_f64(1.0 / per_second),
            burst,
            tells,
            charge: 0,
            status: StatusCode::TOO_MANY_REQUESTS,
            full_at: Tick::ORIGIN,
        }
    }

    fn cost(&self, request: &Request) -> u64 {
        match self.unit {
            Unit::Requests => 1,
            Unit::Tokens => request.job.tokens,
        }
    }

    fn span(&self, units: u64) -> Duration {
        let nanos = self.interval.as_nanos().saturating_mul(units.into());
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Decides on a request; returns how long it would have to wait.
    fn decide(&mut self, now: Tick, cost: u64) -> Duration {
        let ahead = self.full_at.since(now);
        let wait = ahead.saturating_sub(self.span(self.burst.saturating_sub(cost)));
        let taken = if wait.is_zero() {
            self.span(cost)
        } else {
            self.span(cost).mul_f64(f64::from(u32::try_from(self.charge).unwrap_or(0)) / 100.0)
        };
        // What is charged for refusals is never more than there is.
        let least = now + ahead;
        let full_at = least + taken;
        self.full_at = if wait.is_zero() {
            full_at
        } else {
            full_at.min(now + self.span(self.burst)).max(least)
        };
        wait
    }

    fn state(&self, now: Tick) -> Option<State> {
        let ahead = self.full_at.since(now);
        let taken = ahead.as_nanos().div_ceil(self.interval.as_nanos().max(1));
        let taken = u64::try_from(taken).unwrap_or(u64::MAX);
        (self.tells == Tells::State).then(|| State {
            is_of_tokens: self.unit == Unit::Tokens,
            limit: self.burst,
            remaining: self.burst.saturating_sub(taken),
            reset: ahead,
        })
    }
}

impl Service for Limiter {
    fn arrive(&mut self, now: Tick, request: Request, replies: &mut Replies<'_>) {
        let wait = self.decide(now, self.cost(&request));
        let state = self.state(now);
        if wait.is_zero() {
            replies.reply(now + request.job.work, request.send, Answer { state, ..Answer::ok() });
        } else {
            let retry_after = (self.tells != Tells::Nothing).then_some(wait);
            let answer = Answer::refusal(self.status, retry_after);
            replies.reply(now, request.send, Answer { state, ..answer });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_trace_of_the_algorithm_is_reproduced() {
        // 10 a second, 3 at once: the instants in milliseconds, and how long each had to wait.
        let trace = [
            (0, 0),
            (0, 0),
            (0, 0),
            (0, 100),
            (99, 1),
            (100, 0),
            (150, 50),
            (450, 0),
            (450, 0),
            (450, 0),
            (450, 100),
        ];
        let mut limiter = Limiter::of_requests(10.0, 3, Tells::State);
        for (at, want) in trace {
            let wait = limiter.decide(Tick::ORIGIN + Duration::from_millis(at), 1);
            assert_eq!(wait, Duration::from_millis(want), "at {at} ms");
        }
        let state = limiter.state(Tick::ORIGIN + Duration::from_millis(450)).unwrap();
        assert_eq!((state.limit, state.remaining, state.reset), (3, 0, Duration::from_millis(300)));
    }

    #[test]
    fn refusals_that_are_charged_push_the_limit_away_but_not_without_end() {
        let mut limiter = Limiter { charge: 50, ..Limiter::of_requests(10.0, 2, Tells::Nothing) };
        let waits: Vec<_> = (0..5).map(|_| limiter.decide(Tick::ORIGIN, 1).as_millis()).collect();
        assert_eq!(waits, [0, 0, 100, 100, 100]);
        let later = Tick::ORIGIN + Duration::from_millis(99);
        assert_eq!(limiter.decide(later, 1).as_millis(), 1);
        // Half a slot more than without the charge.
        assert_eq!(limiter.decide(later, 1).as_millis(), 51);
    }
}
