//! What a simulated service is.

use std::fmt;

use flow_errors::call::Tick;

use super::events::Events;
use super::job::Job;

/// A request that reaches the service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) send: usize,
    /// The attempt's number, counted from 1.
    pub(super) attempt: u32,
    pub(super) job: Job,
}

/// A service: it answers requests with [`Event::Reply`](super::events::Event::Reply), as seen at its
/// own door; the way back is added by the world.
pub(super) trait Service: fmt::Debug {
    /// Takes a request.
    fn arrive(&mut self, now: Tick, request: Request, replies: &mut Replies<'_>);

    /// Ends the work of a send, if work is something that it schedules.
    fn worked(&mut self, _now: Tick, _send: usize, _replies: &mut Replies<'_>) {}

    /// Changes by itself, at an instant of [`changes`](Self::changes).
    fn change(&mut self, _now: Tick, _replies: &mut Replies<'_>) {}

    /// Lists when it changes by itself.
    fn changes(&self) -> Vec<Tick> {
        Vec::new()
    }

    /// Returns how many requests wait in it and are worked on, where that is limited.
    fn load(&self) -> Option<usize> {
        None
    }
}

/// Where a service puts what is to come.
pub(super) struct Replies<'a> {
    pub(super) events: &'a mut Events,
    /// How long a reply is under way.
    pub(super) way: std::time::Duration,
}

impl Replies<'_> {
    /// Sends a reply at an instant.
    pub(super) fn reply(&mut self, at: Tick, send: usize, answer: super::answer::Answer) {
        self.events.add(at + self.way, super::events::Event::Reply(send, answer));
    }

    /// Has the work of a send end at an instant.
    pub(super) fn work(&mut self, until: Tick, send: usize) {
        self.events.add(until, super::events::Event::Worked(send));
    }
}
