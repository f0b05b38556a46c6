//! A service of a few slots and a queue, that goes on with work whose client has gone.
//!
//! That is what makes overload last: slots are busy with answers that nobody waits for, so those who
//! wait give up too, and come again.

use std::collections::VecDeque;
use std::time::Duration;

use flow_errors::call::Tick;
use http::StatusCode;

use crate::storm::answer::Answer;
use crate::storm::draw::{exponential, mix};
use crate::storm::service::{Replies, Request, Service};

/// The slots, the queue and the hour in which there are fewer.
#[derive(Debug)]
pub(in crate::storm) struct Slots {
    slots: usize,
    /// How many there are from one instant to another.
    brown_out: (Tick, Tick, usize),
    longest_queue: usize,
    queue: VecDeque<(usize, Duration)>,
    working: usize,
}

impl Slots {
    pub(in crate::storm) const fn new(
        slots: usize,
        longest_queue: usize,
        brown_out: (Tick, Tick, usize),
    ) -> Self {
        Self { slots, brown_out, longest_queue, queue: VecDeque::new(), working: 0 }
    }

    const fn open(&self, now: Tick) -> usize {
        let (from, until, slots) = self.brown_out;
        let is_out = now.as_nanos() >= from.as_nanos() && now.as_nanos() < until.as_nanos();
        if is_out { slots } else { self.slots }
    }

    fn start(&mut self, now: Tick, replies: &mut Replies<'_>) {
        while self.working < self.open(now) {
            let Some((send, work)) = self.queue.pop_front() else { break };
            self.working += 1;
            replies.work(now + work, send);
        }
    }
}

impl Service for Slots {
    fn arrive(&mut self, now: Tick, request: Request, replies: &mut Replies<'_>) {
        if self.queue.len() >= self.longest_queue {
            let answer = Answer::refusal(StatusCode::SERVICE_UNAVAILABLE, None);
            return replies.reply(now, request.send, answer);
        }
        // Another attempt is another answer, and takes another time.
        let word = mix(request.job.luck, request.attempt.into());
        self.queue.push_back((request.send, exponential(word, request.job.work)));
        self.start(now, replies);
    }

    fn worked(&mut self, now: Tick, send: usize, replies: &mut Replies<'_>) {
        self.working -= 1;
        replies.reply(now, send, Answer::ok());
        self.start(now, replies);
    }

    fn change(&mut self, now: Tick, replies: &mut Replies<'_>) {
        self.start(now, replies);
    }

    fn changes(&self) -> Vec<Tick> {
        let (from, until, _) = self.brown_out;
        vec![from, until]
    }

    fn load(&self) -> Option<usize> {
        Some(self.queue.len() + self.working)
    }
}
