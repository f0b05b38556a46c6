//! The loop that the baselines have in common: wait, send, decide, wait.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use flow_errors::call::Tick;

use crate::storm::answer::Seen;
use crate::storm::job::Job;
use crate::storm::policy::{End, Move, Policy};

/// What one baseline differs by from another.
pub(super) trait Rule: fmt::Debug {
    /// Lets a send of so many tokens pass at `now`, or says when to ask again.
    fn admit(&mut self, _now: Tick, _tokens: u64) -> Result<(), Tick> {
        Ok(())
    }

    /// Learns what came of a send.
    fn learn(&mut self, _now: Tick, _seen: &Seen) {}

    /// Decides how long to wait before retry `number`; `None` to give up.
    fn retry(&mut self, number: u32, entropy: u64, seen: &Seen) -> Option<Duration>;
}

/// The calls of a process under a rule.
#[derive(Debug)]
pub(super) struct Ruled<R> {
    rule: R,
    calls: HashMap<usize, Held>,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    tokens: u64,
    retries: u32,
    state: State,
    /// When the caller stops waiting for all of it.
    deadline: Tick,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Due(Tick),
    Over(End),
}

impl<R: Rule> Ruled<R> {
    pub(super) fn new(rule: R) -> Self {
        Self { rule, calls: HashMap::new() }
    }
}

impl<R: Rule> Policy for Ruled<R> {
    fn begin(&mut self, now: Tick, number: usize, job: &Job) {
        let deadline = job.deadline.map_or(Tick::MAX, |deadline| now + deadline);
        let state = State::Due(now);
        self.calls.insert(number, Held { tokens: job.tokens, retries: 0, state, deadline });
    }

    fn poll(&mut self, now: Tick, number: usize) -> Move {
        let Some(held) = self.calls.get_mut(&number) else { return Move::Done(End::Unexplained) };
        match held.state {
            State::Over(end) => {
                self.calls.remove(&number);
                Move::Done(end)
            }
            // As a time limit around the loop does: it knows of no error.
            State::Due(_) if now >= held.deadline => Move::Done(End::Unexplained),
            State::Due(at) if now < at => Move::Wait(at.min(held.deadline)),
            State::Due(_) => match self.rule.admit(now, held.tokens) {
                Ok(()) => {
                    let left = held.deadline.since(now);
                    Move::Send { timeout: (held.deadline < Tick::MAX).then_some(left) }
                }
                Err(at) => Move::Wait(at.min(held.deadline)),
            },
        }
    }

    fn settle(&mut self, now: Tick, number: usize, entropy: u64, seen: &Seen) {
        let Some(held) = self.calls.get_mut(&number) else { return };
        self.rule.learn(now, seen);
        held.state = if seen.is_success() {
            State::Over(End::Succeeded)
        } else {
            held.retries = held.retries.saturating_add(1);
            let end = if seen.status().is_some() { End::Failed } else { End::Unexplained };
            let wait = self.rule.retry(held.retries, entropy, seen);
            wait.map_or(State::Over(end), |wait| State::Due(now + wait))
        };
    }
}
