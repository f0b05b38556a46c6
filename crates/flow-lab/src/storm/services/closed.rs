//! A service that is closed at first, and then another one.

use flow_errors::call::Tick;
use http::StatusCode;

use crate::storm::answer::Answer;
use crate::storm::service::{Replies, Request, Service};

/// What refuses everything until it opens.
#[derive(Debug)]
pub(in crate::storm) struct Closed<S> {
    pub(in crate::storm) until: Tick,
    pub(in crate::storm) status: StatusCode,
    /// Whether refusals say when it opens.
    pub(in crate::storm) is_told: bool,
    pub(in crate::storm) then: S,
}

impl<S: Service> Service for Closed<S> {
    fn arrive(&mut self, now: Tick, request: Request, replies: &mut Replies<'_>) {
        if now >= self.until {
            return self.then.arrive(now, request, replies);
        }
        let retry_after = self.is_told.then(|| self.until.since(now));
        replies.reply(now, request.send, Answer::refusal(self.status, retry_after));
    }
}
