//! Calls that wait for their turn, in the order in which they came.
//!
//! A call keeps its ticket through all its attempts, so one that was refused returns to the front.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::tick::Tick;

/// How late a call may be for its turn before the next one gets it.
const GRACE: Duration = Duration::from_secs(1);

/// A call's place among those that wait at one gate: the lower, the sooner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

impl Ticket {
    pub(crate) const fn new(number: u64) -> Self {
        Self(number)
    }
}

/// Those who wait.
#[derive(Debug)]
pub(crate) struct Queue(BTreeMap<Ticket, Waiting>);

/// What is noted of a call that waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    /// When it was told to ask again.
    pub(crate) told: Tick,
    pub(crate) needs: Needs,
}

/// What a send needs of the service's limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs {
    pub(crate) tokens: u64,
    /// Whether it keeps to them.
    pub(crate) is_paced: bool,
    /// Whether it has been refused, and will not be sent again.
    pub(crate) is_last: bool,
}

impl Queue {
    pub(crate) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn has(&self, ticket: Ticket) -> bool {
        self.0.contains_key(&ticket)
    }

    /// Returns whether somebody else is to go first.
    pub(crate) fn is_behind(&self, ticket: Ticket) -> bool {
        self.0.first_key_value().is_some_and(|(first, _)| *first < ticket)
    }

    /// Returns the one whose turn is next.
    pub(crate) fn head(&self) -> Option<(Ticket, Waiting)> {
        self.0.first_key_value().map(|(ticket, waiting)| (*ticket, *waiting))
    }

    /// Passes over those in front who did not ask when they were told to, or when they were woken: nobody
    /// must wait for a task that is not run. They keep their tickets, and are back when they ask.
    pub(crate) fn pass_over_absent(&mut self, now: Tick) {
        while let Some(head) = self.0.first_entry() {
            if head.get().told + GRACE >= now {
                break;
            }
            head.remove();
        }
    }

    pub(crate) fn put(&mut self, ticket: Ticket, waiting: Waiting) {
        self.0.insert(ticket, waiting);
    }

    /// Notes that the next one is told another instant.
    pub(crate) fn tell_head(&mut self, told: Tick) {
        if let Some(mut head) = self.0.first_entry() {
            head.get_mut().told = told;
        }
    }

    /// Removes a call; returns whether it waited.
    pub(crate) fn remove(&mut self, ticket: Ticket) -> bool {
        self.0.remove(&ticket).is_some()
    }
}
