//! What the calls of one client to one model share: one queue, and the two laws that open it.
//!
//! A send passes when nobody came before it, there is [credit](crate::credit), and the
//! [pacer](crate::pacer) has room. Until then its call holds a ticket. Only the one in front has an
//! instant at which it may go, reckoned anew whenever something is learned.

use std::time::Duration;

use crate::aimd::PER_SECOND;
use crate::credit::{Credit, SEND};
use crate::ending::Ending;
use crate::health::Health;
use crate::lease::Lease;
use crate::pacer::{self, Pacer};
use crate::queue::{Needs, Queue, Waiting};
use crate::share::Share;
use crate::switch::{is_worth_switching, patience};
use crate::tick::Tick;
use crate::{Class, Error, RetryPolicy};

pub use crate::queue::Ticket;

/// The shortest and the longest time that a call behind others sleeps unless it is woken, in
/// nanoseconds.
const NAPS: (u64, u64) = (10_000_000, 10_000_000_000);

/// So late a driver may be that was told an instant.
const LATENESS: Duration = Duration::from_millis(100);

/// How much longer that is for each call that waits: a thousand polls a second, however many do.
const NAP_EACH: u64 = 1_000_000;

/// The state that every call of a client to one model passes on its way to a send.
///
/// A driver keeps one per base URL, credential and model behind a lock, and never holds that lock
/// across I/O or a sleep. What a call takes here it gives back when its outcome is known, or when
/// it is cancelled.
///
/// # Who is to be woken
///
/// A call that waits is told [`Step::Wait`](crate::call::Step::Wait) with
/// [`Why::Turn`](crate::call::Why::Turn): in front, until it may go; behind, for a while. A driver
/// that only sleeps so long is right, but late: it may sleep when the calls before it are gone. After
/// each `poll`, `on_outcome` and `cancel`, still under the lock, it asks
/// [`take_wake`](Self::take_wake), which names the *one* call that may go sooner than it was told;
/// most often there is none. Who is woken polls again.
///
/// - *Async*: beside the gate, under the same lock, keep a map from [`Ticket`] to a `Waker` or a
///   one-shot notification. A call that is told to wait puts its own in under
///   [`Call::ticket`](crate::call::Call::ticket) and awaits either that or the instant. When its
///   future is dropped: take it out, cancel the call, and ask `take_wake` too, for the turn must not
///   die with it.
/// - *Blocking*: the same with a condition variable for each thread that waits, and the instant as the
///   time limit; or with one variable for all, notified wherever `take_wake` names somebody, if the
///   threads are few.
#[derive(Debug)]
pub struct Gate {
    /// The latest instant seen by any call; a clock that runs backwards stands still here.
    now: Tick,
    tickets: u64,
    queue: Queue,
    credit: Credit,
    pacer: Pacer,
    refusals: u64,
    /// As it came: what others may see of it is copied only when somebody asks.
    last_failure: Option<Error>,
}

/// A send that was let through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass {
    /// How many were in flight then, itself included.
    beside: u64,
    paced: pacer::Pass,
}

/// What a call wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    /// How many may wait already; `None` for a call that had a turn before.
    pub(crate) max_waiting: Option<u32>,
    pub(crate) needs: Needs,
    pub(crate) share: Share,
}

/// The answer to a wish.
#[derive(Debug)]
pub(crate) enum Turn {
    /// It may be sent now, with this.
    Now(Pass),
    /// It may be sent from then on if nothing else is learned.
    Next(Tick),
    /// Others go first: ask again then.
    Behind(Tick),
    /// Too many wait already.
    Full,
}

impl Gate {
    /// Creates the gate of a client that has sent nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            now: Tick::ORIGIN,
            tickets: 0,
            queue: Queue::new(),
            credit: Credit::new(),
            pacer: Pacer::new(),
            refusals: 0,
            last_failure: None,
        }
    }

    /// Returns the gate of a process whose part of the service's limits is what a store lends it.
    ///
    /// The policy's [share](crate::RetryPolicy::share) has no effect then.
    #[must_use]
    pub fn with_lease(mut self, lease: impl Lease + 'static) -> Self {
        self.pacer.set_lease(Box::new(lease));
        self
    }

    /// Returns how many attempts are being sent or waiting for their reply.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        usize::try_from(self.credit.in_flight()).unwrap_or(usize::MAX)
    }

    /// Returns how the client stands with the model.
    #[must_use]
    pub fn health(&mut self, now: Tick) -> Health {
        self.observe(now);
        Health {
            requests_per_minute: self.pacer.requests_per_second().map(per_minute),
            tokens_per_minute: self.pacer.tokens_per_second().map(per_minute),
            credit: self.credit.left() / SEND,
            in_flight: self.in_flight(),
            waiting: self.queue.len(),
            refusals: self.refusals,
            last_failure: self.last_failure.as_ref().map(Error::of_service),
        }
    }

    /// Returns the call that may go sooner than it was told, once: it is to be polled again.
    ///
    /// [Ask](Self#who-is-to-be-woken) after whatever changes the gate.
    pub fn take_wake(&mut self) -> Option<Ticket> {
        self.queue.pass_over_absent(self.now);
        let (ticket, head) = self.queue.head()?;
        let ready = self.ready_at(head.needs);
        let is_sooner = ready.max(self.now) < head.told;
        if is_sooner {
            self.queue.tell_head(ready.max(self.now));
        }
        is_sooner.then_some(ticket)
    }

    /// Gives a call its place among all that come to this gate.
    pub(crate) fn draw_ticket(&mut self, now: Tick) -> Ticket {
        let now = self.observe(now);
        self.pacer.note_call(now);
        self.tickets = self.tickets.saturating_add(1);
        Ticket::new(self.tickets)
    }

    /// Lets a call pass or has it wait.
    pub(crate) fn ask(&mut self, now: Tick, ticket: Ticket, wish: Wish) -> Turn {
        let now = self.observe(now);
        let Wish { max_waiting, needs, share } = wish;
        self.pacer.set_share(share);
        self.queue.pass_over_absent(now);
        let is_behind =
            self.queue.is_behind(ticket) && (needs.is_paced || !self.is_only_paced(now));
        let ready = self.ready_at(needs);
        if !is_behind && ready <= now {
            return Turn::Now(self.let_through(now, ticket, needs));
        }
        let waiting = self.queue.len();
        let is_full = |most| waiting >= usize::try_from(most).unwrap_or(usize::MAX);
        if !self.queue.has(ticket) && max_waiting.is_some_and(is_full) {
            return Turn::Full;
        }
        let told = if is_behind { nap(now, waiting) } else { ready };
        self.queue.put(ticket, Waiting { told, needs });
        if is_behind { Turn::Behind(told) } else { Turn::Next(told) }
    }

    /// Returns whether the one in front waits for nothing but the limit: who does not keep to that does
    /// not wait for those who do either.
    fn is_only_paced(&self, now: Tick) -> bool {
        let paced = |needs: Needs| needs.is_paced && self.pacer.ready_at(now, needs) > now;
        let head = self.queue.head();
        self.credit.ready_at() <= now && head.is_some_and(|(_, head)| paced(head.needs))
    }

    fn let_through(&mut self, now: Tick, ticket: Ticket, needs: Needs) -> Pass {
        // The rate only grows while it is what holds calls back: until just now, and longer than credit.
        let paced = self.pacer.ready_at(now, needs);
        let is_paced = paced > self.credit.ready_at() && now.since(paced) <= LATENESS;
        let is_held_back = self.queue.remove(ticket) && is_paced;
        if is_held_back || self.queue.is_empty() {
            self.credit.relax();
        }
        let beside = self.credit.take();
        Pass { beside, paced: self.pacer.take(now, needs.tokens, is_held_back) }
    }

    /// Takes back the ticket of a call that does not wait any more.
    pub(crate) fn give_up(&mut self, now: Tick, ticket: Ticket) {
        self.observe(now);
        self.queue.remove(ticket);
    }

    /// Learns what came of a send.
    pub(crate) fn settle(&mut self, now: Tick, pass: &Pass, ending: Ending<'_>) {
        let now = self.observe(now);
        self.credit.settle(ending.back(), pass.beside, !self.queue.is_empty());
        self.pacer.settle(now, &pass.paced, ending);
        let Ending::Failed(error) = ending else { return };
        if matches!(error.class(), Class::Throttled | Class::Overloaded) {
            self.refusals = self.refusals.saturating_add(1);
        }
        // A lock conflict is about one request.
        if error.class().is_retryable() && error.class() != Class::Conflict {
            self.last_failure = Some(error.clone());
        }
    }

    /// Returns why calls wait here: the latest failure that says something of the service and not of one
    /// call.
    pub(crate) fn reason(&self) -> Error {
        self.last_failure.as_ref().map_or_else(Error::no_turn, Error::of_service)
    }

    /// Returns how soon there is room again for a call that was just refused, where that is known.
    pub(crate) fn again_in(&self) -> Option<Duration> {
        self.pacer.again_in()
    }

    /// Returns whether a call that would have to wait had better ask another model: the service wants
    /// to be left alone for long, or there is no credit because the model is no good just now.
    pub(crate) fn is_to_be_left(&self, now: Tick, policy: &RetryPolicy) -> bool {
        let is_banned = self.pacer.welcome().since(now) > patience(policy);
        let is_failing = self.credit.ready_at() > now;
        let is_the_models = |error| is_worth_switching(error, policy);
        is_banned || is_failing && self.last_failure.as_ref().is_some_and(is_the_models)
    }

    /// Returns from when the next one may be sent.
    fn ready_at(&self, needs: Needs) -> Tick {
        let credit = self.credit.ready_at();
        if needs.is_paced { credit.max(self.pacer.ready_at(self.now, needs)) } else { credit }
    }

    fn observe(&mut self, now: Tick) -> Tick {
        self.now = self.now.max(now);
        self.credit.advance(self.now);
        self.now
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns until when a call sleeps that is behind others.
fn nap(now: Tick, waiting: usize) -> Tick {
    let (shortest, longest) = NAPS;
    let each = u64::try_from(waiting).unwrap_or(u64::MAX).saturating_mul(NAP_EACH);
    now.plus_nanos(each.clamp(shortest, longest))
}

/// Turns millionths per second into whole ones per minute, the nearest.
fn per_minute(rate: u64) -> u64 {
    rate.saturating_mul(60).saturating_add(PER_SECOND / 2) / PER_SECOND
}
