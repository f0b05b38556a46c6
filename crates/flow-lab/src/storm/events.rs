//! What happens next, in virtual time.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use flow_errors::call::Tick;

use super::answer::Answer;

/// Something that happens at an instant.
#[derive(Debug)]
pub(super) enum Event {
    /// A job comes.
    Come(usize),
    /// A job asks its policy again, unless it was told another instant since.
    Poll { job: usize, appointment: u64 },
    /// A send reaches the service.
    Arrive(usize),
    /// The service has done the work of a send.
    Worked(usize),
    /// The service changes by itself.
    Change,
    /// The reply to a send reaches its client.
    Reply(usize, Answer),
    /// A client stops waiting for the reply to a send.
    Timeout(usize),
}

/// The events to come; those of one instant happen in the order in which they were added.
#[derive(Debug, Default)]
pub(super) struct Events {
    heap: BinaryHeap<Reverse<Entry>>,
    count: u64,
}

#[derive(Debug)]
struct Entry {
    at: Tick,
    number: u64,
    event: Event,
}

impl Events {
    pub(super) fn add(&mut self, at: Tick, event: Event) {
        self.count += 1;
        self.heap.push(Reverse(Entry { at, number: self.count, event }));
    }

    pub(super) fn next(&mut self) -> Option<(Tick, Event)> {
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.event))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry {}
