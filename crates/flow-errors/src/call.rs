//! One call as a state machine: when to send, how long to wait, when to stop.
//!
//! The driver asks [`Call::poll`] what to do, does it, and reports what came of it to
//! [`Call::on_outcome`]. Time and randomness come in as arguments, so a log of inputs replays
//! every decision. A [`Step::Wait`] is advisory: who wakes early is told to wait again.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::attempt::{Attempt, Attempts};
use crate::backoff::uniform;
use crate::ending::Ending;
use crate::gate::{Pass, Turn, Wish};
use crate::queue::Needs;
use crate::stopped_because::StoppedBecause;
use crate::streams::Streams;
use crate::switch::is_worth_switching;
use crate::targets::Targets;
use crate::tick::nanos;
use crate::{Class, Error, RetryPolicy};

pub use crate::attempt::Operation;
pub use crate::delivered::Delivered;
pub use crate::gate::{Gate, Ticket};
pub use crate::health::Health;
pub use crate::lease::{Dimension, Lease};
pub use crate::policy::Timeouts;
pub use crate::step::{Outcome, Send, Step, Target, Verdict, Why};
pub use crate::tick::Tick;

/// The least time that must be left before the deadline for a retry to be worth it.
pub const MIN_ATTEMPT: Duration = Duration::from_millis(100);

/// One call: all its attempts and the waits between them.
///
/// See the [crate's example](crate) for a whole loop.
#[derive(Debug)]
pub struct Call {
    operation: Operation,
    policy: RetryPolicy,
    timeouts: Timeouts,
    targets: Targets,
    is_repeatable: bool,
    started: Tick,
    /// The latest instant seen; a clock that runs backwards stands still here.
    now: Tick,
    attempts: Attempts,
    ambiguous_retries: u32,
    /// The schedule's last delay for this model, whether it was waited or a hint took its place.
    last_backoff: Option<Duration>,
    /// What is noted of every attempt that is not a stream.
    warning: Option<Arc<str>>,
    /// The place at the gate of this model, for all attempts.
    ticket: Option<Ticket>,
    tokens: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The first send is due.
    Fresh,
    /// The next send is due at `until`; `failure` is why there is a next one.
    Waiting {
        until: Tick,
        why: Why,
        failure: Error,
    },
    /// The next send is due, but others go first, or the service has no room.
    Queued {
        ticket: Ticket,
        since: Tick,
        failure: Option<Error>,
    },
    /// A send is under way. `failure` is the one before it.
    Sending {
        send: Send,
        pass: Pass,
        failure: Option<Error>,
    },
    Done(Verdict),
}

impl Call {
    /// Starts a call at `now`.
    #[must_use]
    pub const fn new(
        operation: Operation,
        policy: RetryPolicy,
        timeouts: Timeouts,
        now: Tick,
    ) -> Self {
        Self {
            operation,
            policy,
            timeouts,
            targets: Targets::new(),
            is_repeatable: true,
            started: now,
            now,
            attempts: Attempts::new(None),
            ambiguous_retries: 0,
            last_backoff: None,
            warning: None,
            ticket: None,
            tokens: 0,
            state: State::Fresh,
        }
    }

    /// Notes when the call began by the wall clock, for the history and the support report.
    #[must_use]
    pub fn started_at(self, wall: SystemTime) -> Self {
        Self { attempts: Attempts::new(Some(wall)), ..self }
    }

    /// Says that the body can be sent only once, so that no failure leads to a retry.
    #[must_use]
    pub fn not_repeatable(self) -> Self {
        Self { is_repeatable: false, ..self }
    }

    /// Says that the caller wants a stream, so that every attempt asks for one.
    #[must_use]
    pub fn streaming(mut self) -> Self {
        self.targets.streams = Streams::Always;
        self
    }

    /// Says that the reply may as well be streamed and put together: after a gateway's timeout (504,
    /// 524, 522, 408) the call goes on with streams.
    ///
    /// Where the service refuses the stream with 400 or 422, it goes on in one piece again, and if no
    /// attempt is left the error is the timeout's. Both count as attempts, and
    /// [`Attempt::is_streamed`] tells them apart.
    #[must_use]
    pub fn recovering_by_streaming(mut self) -> Self {
        self.targets.streams = Streams::AfterTimeout;
        self
    }

    /// Notes a warning on every attempt that is not a stream, for who looks at attempts.
    #[must_use]
    pub fn with_warning(self, warning: impl Into<Arc<str>>) -> Self {
        Self { warning: Some(warning.into()), ..self }
    }

    /// Says how many tokens an attempt may need, prompt and answer together, so that room for them is
    /// kept where the service limits them: at least about the prompt's plus `max_tokens`.
    ///
    /// What the reply says that it used is set against it.
    #[must_use]
    pub const fn reserving(mut self, tokens: u64) -> Self {
        self.tokens = tokens;
        self
    }

    /// Names the models that may be asked when the operation's own is no good just now, in their
    /// order: none is asked again once the call has left it.
    ///
    /// A call leaves a model, at once, when it is overloaded, unknown to the service, or throttled
    /// for longer than [`switch_after`](RetryPolicy::switch_after); what `x-should-retry` says is
    /// about the same model and does not forbid that. What other calls learned of the model counts as
    /// much: where this one would have to wait for its turn because of it, it does not ask. After any other failure, and on the last
    /// model, it does what it would do without the others. Deadline and
    /// [attempts](RetryPolicy::max_attempts_for) are those of all models together.
    #[must_use]
    pub fn with_fallback_models<M: Into<Arc<str>>>(
        mut self,
        models: impl IntoIterator<Item = M>,
    ) -> Self {
        self.targets.set_fallbacks(models.into_iter().map(Into::into));
        self
    }

    /// Returns what the next poll, outcome or cancel is about: the gate to pass is that of its model.
    #[must_use]
    pub const fn target(&self) -> Target {
        self.targets.current()
    }

    /// Returns the name of that model, if the request names one.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.shared_model().map(|model| &**model)
    }

    /// Returns the attempts so far; the one under way is not among them.
    #[must_use]
    pub const fn attempts(&self) -> &Attempts {
        &self.attempts
    }

    /// Returns whether nothing more will be sent: it succeeded, failed or was cancelled.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Done(_))
    }

    /// Returns what the wait before the next attempt is for; `None` when none is to come.
    #[must_use]
    pub const fn waits_for(&self) -> Option<Why> {
        match &self.state {
            State::Waiting { why, .. } => Some(*why),
            State::Queued { .. } => Some(Why::Turn),
            _ => None,
        }
    }

    /// Returns the place in the [gate](Self::target)'s queue of a call that waits for its turn.
    #[must_use]
    pub const fn ticket(&self) -> Option<Ticket> {
        match &self.state {
            State::Queued { ticket, .. } => Some(*ticket),
            _ => None,
        }
    }

    /// Returns the next thing to do. Polling again at the same instant gives the same step, but for a
    /// wait of no time at all, after which another model's gate is to be passed.
    pub fn poll(&mut self, now: Tick, gate: &mut Gate) -> Step {
        let now = self.observe(now);
        match &self.state {
            State::Done(verdict) => Step::Done(verdict.clone()),
            State::Sending { send, .. } => Step::Send(*send),
            State::Waiting { until, why, .. } if now < *until => {
                Step::Wait { until: *until, why: *why }
            }
            State::Waiting { failure, .. } => {
                let failure = failure.clone();
                // Whoever overslept must not start what the deadline would cut.
                if self.is_past_deadline(now + MIN_ATTEMPT) {
                    return self.fail(failure, StoppedBecause::Deadline);
                }
                self.ask(now, now, Some(failure), gate)
            }
            State::Queued { since, failure, .. } => {
                let (since, failure) = (*since, failure.clone());
                self.ask(now, since, failure, gate)
            }
            State::Fresh => {
                if self.deadline().is_some_and(|deadline| now >= deadline) {
                    return self.fail(Error::deadline_passed(), StoppedBecause::Deadline);
                }
                self.ask(now, now, None, gate)
            }
        }
    }

    /// Reports what came of the send under way; ignored when none is.
    ///
    /// `entropy` is 64 random bits, drawn anew for each outcome.
    pub fn on_outcome(&mut self, now: Tick, entropy: u64, outcome: Outcome, gate: &mut Gate) {
        let now = self.observe(now);
        let State::Sending { send, pass, .. } = &self.state else { return };
        let attempt = self.record(*send);
        let elapsed = now.since(send.at);
        gate.settle(now, pass, outcome.ending());
        match outcome {
            Outcome::Succeeded { status, request_id, .. } => {
                self.attempts.push(attempt.succeeded(elapsed, status, request_id));
                self.state = State::Done(Verdict::Succeeded);
            }
            Outcome::Failed(error) => {
                self.attempts.push(attempt.failed(elapsed, &error));
                let next = self.next(now, entropy, &error, gate);
                let failure = self.targets.streams.on_failure(error);
                match next {
                    Ok((delay, why)) => {
                        let model = self.shared_model().filter(|_| why == Why::Switch).cloned();
                        self.attempts.set_next(delay, model);
                        self.state = State::Waiting { until: now + delay, why, failure };
                    }
                    Err(reason) => {
                        let _ = self.fail(failure, reason);
                    }
                }
            }
            Outcome::Broken(error) => {
                self.attempts.push(attempt.delivered(elapsed, &error));
                let _ = self.fail(error, StoppedBecause::Delivered);
            }
        }
    }

    /// Ends the call for the caller and gives back what it held. Cancelling twice is once.
    pub fn cancel(&mut self, now: Tick, gate: &mut Gate) {
        let now = self.observe(now);
        let failure = match &self.state {
            State::Done(_) => return,
            State::Fresh => None,
            State::Waiting { failure, .. } => Some(failure.clone()),
            State::Queued { ticket, failure, .. } => {
                gate.give_up(now, *ticket);
                failure.clone()
            }
            State::Sending { send, pass, failure } => {
                gate.settle(now, pass, Ending::Cancelled);
                let attempt = self.record(*send);
                self.attempts.push(attempt.cancelled(now.since(send.at)));
                failure.clone()
            }
        };
        let error = Error::cancelled();
        // What failed before is why the call was still waiting.
        let error = match failure {
            Some(failure) => error.with_source(failure),
            None => error,
        };
        let _ = self.fail(error, StoppedBecause::Cancelled);
    }

    /// Sends if it is the call's turn; it has waited for that `since` then.
    fn ask(&mut self, now: Tick, since: Tick, failure: Option<Error>, gate: &mut Gate) -> Step {
        let ticket = *self.ticket.get_or_insert_with(|| gate.draw_ticket(now));
        let patience = since + self.policy.max_turn_wait();
        // Only the next one knows how long it will be; nobody waits for what will be too late.
        let (until, soonest) = match gate.ask(now, ticket, self.wish()) {
            Turn::Now(pass) => return self.send(now, failure, pass),
            Turn::Next(until) => (until, until.max(now)),
            Turn::Behind(until) if now < patience => (until, now),
            Turn::Behind(_) | Turn::Full => (Tick::MAX, Tick::MAX),
        };
        let is_too_long = soonest > patience;
        if self.targets.next().is_some() && (is_too_long || gate.is_to_be_left(now, &self.policy)) {
            return self.leave(now, failure, gate);
        }
        if !is_too_long && !self.is_past_deadline(soonest + MIN_ATTEMPT) {
            self.state = State::Queued { ticket, since, failure };
            // One past the last instant from which there is time enough.
            let late = |deadline: Tick| deadline.minus(MIN_ATTEMPT).plus_nanos(1);
            let late = self.deadline().map_or(Tick::MAX, late);
            return Step::Wait { until: until.min(patience).min(late), why: Why::Turn };
        }
        let known = if soonest < Tick::MAX { soonest } else { now };
        let is_late = self.is_past_deadline(known + MIN_ATTEMPT);
        let reason = if is_late { StoppedBecause::Deadline } else { StoppedBecause::Turn };
        gate.give_up(now, ticket);
        let failure = failure.unwrap_or_else(|| gate.reason());
        self.fail(failure, reason)
    }

    /// Goes on to the next model without having asked this one again.
    fn leave(&mut self, now: Tick, failure: Option<Error>, gate: &mut Gate) -> Step {
        if let Some(ticket) = self.ticket.take() {
            gate.give_up(now, ticket);
        }
        self.targets.advance(u32::try_from(self.attempts.len()).unwrap_or(u32::MAX));
        self.last_backoff = None;
        let (why, failure) = (Why::Switch, failure.unwrap_or_else(|| gate.reason()));
        self.state = State::Waiting { until: now, why, failure };
        Step::Wait { until: now, why }
    }

    fn wish(&self) -> Wish {
        let max_waiting = self.attempts.is_empty().then(|| self.policy.max_waiting_calls());
        let made = u32::try_from(self.attempts.len()).unwrap_or(u32::MAX);
        let most = self.policy.max_attempts_for(self.targets.len());
        let is_last = made > 0 && made.saturating_add(1) >= most;
        let needs = Needs { tokens: self.tokens, is_paced: self.policy.pacing(), is_last };
        Wish { max_waiting, needs, share: self.policy.own_share() }
    }

    fn send(&mut self, now: Tick, failure: Option<Error>, pass: Pass) -> Step {
        let left = self.deadline().map(|deadline| deadline.since(now));
        let timeout = match (self.timeouts.attempt(), left) {
            (Some(attempt), Some(left)) => Some(attempt.min(left)),
            (attempt, left) => attempt.or(left),
        };
        let attempt = u32::try_from(self.attempts.len()).unwrap_or(u32::MAX).saturating_add(1);
        let send = Send { attempt, target: self.target(), at: now, timeout };
        self.state = State::Sending { send, pass, failure };
        Step::Send(send)
    }

    fn shared_model(&self) -> Option<&Arc<str>> {
        self.targets.model(self.operation.shared_model())
    }

    /// Starts the record of the send under way.
    fn record(&self, send: Send) -> Attempt {
        let streamed = send.target.streams;
        Attempt {
            streamed,
            warning: self.warning.clone().filter(|_| !streamed),
            ..Attempt::new(send.attempt, self.shared_model().cloned(), send.at.since(self.started))
        }
    }

    /// Decides on another attempt: how long until it and why, or why there is none.
    fn next(
        &mut self,
        now: Tick,
        entropy: u64,
        error: &Error,
        gate: &Gate,
    ) -> Result<(Duration, Why), StoppedBecause> {
        let switches = self.targets.next().is_some() && is_worth_switching(error, &self.policy);
        let is_other = switches || self.targets.streams.is_refused(error);
        if !is_other && !error.is_retryable() {
            return Err(StoppedBecause::NotRetryable);
        }
        if !self.is_repeatable {
            return Err(StoppedBecause::NotRepeatable);
        }
        let made = u32::try_from(self.attempts.len()).unwrap_or(u32::MAX);
        if made >= self.policy.max_attempts_for(self.targets.len()) {
            return Err(StoppedBecause::MaxAttempts);
        }
        let (delay, why) = if switches {
            (Duration::ZERO, Why::Switch)
        } else {
            self.next_here(self.targets.attempts_here(made), entropy, error, gate)?
        };
        if self.is_past_deadline(now + delay + MIN_ATTEMPT) {
            return Err(StoppedBecause::Deadline);
        }
        if switches {
            self.targets.advance(made);
            self.last_backoff = None;
            self.ticket = None;
        }
        Ok((delay, why))
    }

    /// Decides how long until retry `number` of the same model, or why there is none.
    fn next_here(
        &mut self,
        number: u32,
        entropy: u64,
        error: &Error,
        gate: &Gate,
    ) -> Result<(Duration, Why), StoppedBecause> {
        if error.class() == Class::Ambiguous {
            if self.ambiguous_retries >= self.policy.ambiguous_retries() {
                return Err(StoppedBecause::AmbiguousLimit);
            }
            self.ambiguous_retries = self.ambiguous_retries.saturating_add(1);
        }
        let backoff = self.policy.backoff().delay(number, self.last_backoff, entropy);
        self.last_backoff = Some(backoff);
        let hint = error.retry_after().filter(|hint| !hint.is_zero());
        match hint {
            Some(hint) if hint > self.policy.max_retry_after() => {
                Err(StoppedBecause::RetryAfterTooLong)
            }
            Some(hint) => {
                let delay = after_hint(hint, entropy);
                // An overloaded service needs at least the backoff, whatever it hopes for.
                if error.class() == Class::Overloaded && backoff > delay {
                    Ok((backoff, Why::Backoff))
                } else {
                    Ok((delay, Why::Hint))
                }
            }
            None => {
                let sooner = self.again_in(number, entropy, error, gate);
                Ok((sooner.map_or(backoff, |sooner| sooner.min(backoff)), Why::Backoff))
            }
        }
    }

    /// Returns how soon the limit has room again for a call that was refused without a hint, if it is
    /// known. Who is refused a second time knows it no better than the schedule does, and one that the
    /// caller set is kept to.
    fn again_in(&self, number: u32, entropy: u64, error: &Error, gate: &Gate) -> Option<Duration> {
        let is_refused = error.class() == Class::Throttled && error.retry_after().is_none();
        let is_free = self.policy.pacing() && self.policy.backoff().begins_as_by_default();
        let least = gate.again_in().filter(|_| number == 1 && is_refused && is_free)?;
        let least = nanos(least);
        Some(Duration::from_nanos(uniform(least, least.saturating_mul(2), entropy)))
    }

    fn fail(&mut self, error: Error, reason: StoppedBecause) -> Step {
        let mut operation = self.operation.clone();
        if let Some(last) = self.attempts.last() {
            operation = operation.asked(last);
        }
        let error = error.finished(operation, self.attempts.clone(), reason);
        let verdict = Verdict::Failed(error);
        self.state = State::Done(verdict.clone());
        Step::Done(verdict)
    }

    fn observe(&mut self, now: Tick) -> Tick {
        self.now = self.now.max(now);
        self.now
    }

    fn deadline(&self) -> Option<Tick> {
        self.timeouts.deadline().map(|span| self.started + span)
    }

    fn is_past_deadline(&self, instant: Tick) -> bool {
        self.deadline().is_some_and(|deadline| instant > deadline)
    }
}

/// Spreads a wait over `[hint, hint + J]`: never below the hint, where a refusal is certain, and
/// not at one instant, where everyone else comes back.
fn after_hint(hint: Duration, entropy: u64) -> Duration {
    let spread = (hint / 5).clamp(Duration::from_millis(50), Duration::from_secs(5));
    let low = nanos(hint);
    Duration::from_nanos(uniform(low, low.saturating_add(nanos(spread)), entropy))
}
