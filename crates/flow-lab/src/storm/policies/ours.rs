//! Ours: the state machine that both clients drive, with the gate that the calls of a process share.

use std::collections::HashMap;
use std::time::Duration;

use flow_errors::RetryPolicy;
use flow_errors::call::{Call, Gate, Operation, Step, Tick, Ticket, Timeouts, Verdict};
use http::Method;

use crate::storm::answer::Seen;
use crate::storm::job::Job;
use crate::storm::policy::{End, Move, Policy};

/// The calls of a process.
#[derive(Debug)]
pub(super) struct Ours {
    policy: RetryPolicy,
    gate: Gate,
    /// Whether each call has a gate of its own instead.
    is_alone: bool,
    calls: HashMap<usize, Held>,
    waiting: HashMap<Ticket, usize>,
}

#[derive(Debug)]
struct Held {
    call: Call,
    tokens: u64,
    gate: Option<Gate>,
}

impl Ours {
    pub(super) fn new(policy: RetryPolicy) -> Self {
        Self {
            policy,
            gate: Gate::new(),
            is_alone: false,
            calls: HashMap::new(),
            waiting: HashMap::new(),
        }
    }

    /// Creates a policy under which calls know nothing of each other.
    pub(super) fn alone(policy: RetryPolicy) -> Self {
        Self { is_alone: true, ..Self::new(policy) }
    }

    /// Creates the policy of a process that knows how many there are.
    pub(super) fn sharing(processes: usize) -> Self {
        let of = u32::try_from(processes).unwrap_or(1);
        // As `RetryPolicy::batch()` has it.
        let policy =
            RetryPolicy::builder().max_attempts(10).max_delay(Duration::from_secs(60)).share(1, of);
        Self::new(policy.build().unwrap_or_default())
    }
}

impl Policy for Ours {
    fn begin(&mut self, now: Tick, number: usize, job: &Job) {
        let operation = Operation::new(Method::POST, "/chat/completions").with_model("m");
        let timeouts = match job.deadline {
            Some(deadline) => Timeouts::default().with_deadline(deadline).unwrap_or_default(),
            None => Timeouts::default().without_deadline(),
        };
        let call = Call::new(operation, self.policy, timeouts, now).reserving(job.tokens);
        let gate = self.is_alone.then(Gate::new);
        self.calls.insert(number, Held { call, tokens: job.tokens, gate });
    }

    fn poll(&mut self, now: Tick, number: usize) -> Move {
        let Some(held) = self.calls.get_mut(&number) else { return Move::Done(End::Unexplained) };
        let gate = held.gate.as_mut().unwrap_or(&mut self.gate);
        let step = held.call.poll(now, gate);
        if let Some(ticket) = held.call.ticket().filter(|_| !self.is_alone) {
            self.waiting.insert(ticket, number);
        }
        match step {
            Step::Send(send) => Move::Send { timeout: send.timeout },
            Step::Wait { until, .. } => Move::Wait(until),
            Step::Done(verdict) => {
                self.calls.remove(&number);
                Move::Done(end(&verdict))
            }
        }
    }

    fn settle(&mut self, now: Tick, number: usize, entropy: u64, seen: &Seen) {
        let Some(held) = self.calls.get_mut(&number) else { return };
        let gate = held.gate.as_mut().unwrap_or(&mut self.gate);
        held.call.on_outcome(now, entropy, seen.outcome(held.tokens), gate);
    }

    fn take_wake(&mut self) -> Option<usize> {
        self.waiting.get(&self.gate.take_wake()?).copied()
    }
}

fn end(verdict: &Verdict) -> End {
    match verdict {
        Verdict::Succeeded => End::Succeeded,
        // Every attempt is in the history, with what came of it.
        Verdict::Failed(error) if !error.attempts().is_empty() => End::Failed,
        Verdict::Failed(_) => End::Unexplained,
    }
}
