//! A service without a limit, some of whose answers are failures that have nothing to do with each other.

use std::time::Duration;

use flow_errors::call::Tick;
use http::StatusCode;

use crate::storm::answer::Answer;
use crate::storm::draw::{happens, mix};
use crate::storm::service::{Replies, Request, Service};

/// How long a failure takes.
const FAILURE: Duration = Duration::from_millis(50);

/// A service that fails so many of a million sends.
#[derive(Debug)]
pub(in crate::storm) struct Faulty {
    pub(in crate::storm) millionths: u32,
}

impl Service for Faulty {
    fn arrive(&mut self, now: Tick, request: Request, replies: &mut Replies<'_>) {
        // The same attempt of the same job fails under every policy.
        if happens(mix(request.job.luck, request.attempt.into()), self.millionths) {
            let answer = Answer::refusal(StatusCode::SERVICE_UNAVAILABLE, None);
            replies.reply(now + FAILURE, request.send, answer);
        } else {
            replies.reply(now + request.job.work, request.send, Answer::ok());
        }
    }
}
