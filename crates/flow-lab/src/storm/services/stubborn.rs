//! A service that never does what is asked: it refuses with one hint, or does not answer at all.

use std::time::Duration;

use flow_errors::call::Tick;
use http::StatusCode;

use crate::storm::answer::Answer;
use crate::storm::service::{Replies, Request, Service};

/// What a job meets, chosen by its luck.
#[derive(Clone, Debug)]
pub(in crate::storm) struct Stubborn(pub(in crate::storm) Vec<Whim>);

/// What the requests of a job meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::storm) enum Whim {
    /// Refused, with this hint.
    Refuses(Duration),
    /// Refused once with this hint, and no answer afterwards.
    RefusesThenStalls(Duration),
    /// No answer.
    Stalls,
}

impl Service for Stubborn {
    fn arrive(&mut self, now: Tick, request: Request, replies: &mut Replies<'_>) {
        let number = usize::try_from(request.job.luck).unwrap_or(usize::MAX);
        let hint = match self.0.get(number) {
            Some(Whim::Refuses(hint)) => *hint,
            Some(Whim::RefusesThenStalls(hint)) if request.attempt == 1 => *hint,
            _ => return,
        };
        let hint = Some(hint).filter(|hint| !hint.is_zero());
        replies.reply(now, request.send, Answer::refusal(StatusCode::TOO_MANY_REQUESTS, hint));
    }
}
