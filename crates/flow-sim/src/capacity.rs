//! Slots in which requests are worked on, and the queue before them.
//!
//! When a request comes it is settled when its turn will be and when it will be done, because nothing
//! changes that later: a client that leaves does not end the work for it. So there is no task for the
//! work, only a schedule, and the same arrivals get the same one.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

/// How much the server can do at once.
///
/// Each answer takes a slot for a while; whoever finds none free waits in the queue, first in, first
/// out, and whoever finds that full gets the row 503. Work goes on when its client has left, as it does
/// in many services: a client that gives up and asks again doubles the load.
///
/// The slots are the whole server's. Requests that fail otherwise, and those for the list of models, take
/// none.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use flow_sim::{Capacity, Sim};
///
/// // Five at a time, a tenth of a second each: 50 a second.
/// let capacity = Capacity::new(5, Duration::from_millis(100)).queue(20);
/// let sim = Sim::builder().capacity(capacity).start()?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a capacity does nothing until a server has it"]
pub struct Capacity {
    slots: usize,
    service_time: Duration,
    spread: Duration,
    queue: usize,
}

impl Capacity {
    /// So many requests at once, each for so long; there is no queue.
    pub const fn new(slots: usize, service_time: Duration) -> Self {
        Self { slots, service_time, spread: Duration::ZERO, queue: 0 }
    }

    /// Lets each request take up to so much longer, evenly distributed, as the server's seed decides.
    pub const fn spread(mut self, spread: Duration) -> Self {
        self.spread = spread;
        self
    }

    /// Lets so many requests wait for a slot.
    pub const fn queue(mut self, requests: usize) -> Self {
        self.queue = requests;
        self
    }

    /// Says what is wrong with the capacity, if anything is.
    pub(crate) const fn check(&self) -> Result<(), &'static str> {
        if self.slots == 0 { Err("a server needs at least one slot") } else { Ok(()) }
    }

    /// What a request takes that drew this number.
    fn time(&self, random: u64) -> Duration {
        let spread = self.spread.as_nanos().saturating_mul(random.into()) >> u64::BITS;
        let spread = Duration::from_nanos(u64::try_from(spread).unwrap_or(u64::MAX));
        self.service_time.saturating_add(spread)
    }
}

/// The schedule of all slots.
#[derive(Debug)]
pub(crate) struct Slots {
    capacity: Capacity,
    /// When the slots will be free that are taken, the first one first.
    taken: BinaryHeap<Reverse<Duration>>,
    /// When the turn of those will be who wait, in order.
    turns: VecDeque<Duration>,
}

impl Slots {
    pub(crate) const fn new(capacity: Capacity) -> Self {
        Self { capacity, taken: BinaryHeap::new(), turns: VecDeque::new() }
    }

    /// Takes a request in and returns when it will be done, unless the queue is full.
    pub(crate) fn enter(&mut self, now: Duration, random: u64) -> Option<Duration> {
        while self.turns.front().is_some_and(|turn| *turn <= now) {
            self.turns.pop_front();
        }
        let free = if self.taken.len() < self.capacity.slots { None } else { self.taken.peek() };
        let start = free.map_or(now, |Reverse(free)| now.max(*free));
        if start > now {
            if self.turns.len() >= self.capacity.queue {
                return None;
            }
            self.turns.push_back(start);
        }
        if free.is_some() {
            self.taken.pop();
        }
        let end = start.saturating_add(self.capacity.time(random));
        self.taken.push(Reverse(end));
        Some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn requests_take_slots_then_the_queue_and_then_there_is_no_more() {
        #[rustfmt::skip]
        let table = [
            // name,                          at,  done
            ("a free slot",                   0,   Some(100)),
            ("the other one",                 10,  Some(110)),
            ("first in the queue",            20,  Some(200)),
            ("second in the queue",           20,  Some(210)),
            ("queue is full",                 99,  None),
            ("one of the queue has its slot", 100, Some(300)),
            ("full again",                    109, None),
            ("after a long pause",            900, Some(1_000)),
            ("with the other slot",           900, Some(1_000)),
            ("and the queue",                 901, Some(1_100)),
        ];
        let mut slots = Slots::new(Capacity::new(2, ms(100)).queue(2));
        for (name, at, done) in table {
            assert_eq!(slots.enter(ms(at), 0), done.map(ms), "{name}");
        }
    }

    #[test]
    fn spread_is_from_nothing_to_all_of_it() {
        let capacity = Capacity::new(1, ms(50)).spread(ms(400));
        let table =
            [(0, ms(50)), (1 << 63, ms(250)), (u64::MAX, ms(450) - Duration::from_nanos(1))];
        for (random, want) in table {
            assert_eq!(capacity.time(random), want);
        }
    }

    #[test]
    fn steady_load_is_served_at_capacity() {
        let mut slots = Slots::new(Capacity::new(5, ms(50)).queue(20));
        // Twice what it can do: half is refused, and what is done keeps all slots busy.
        let ends: Vec<_> = (0..2_000).filter_map(|at| slots.enter(ms(at * 5), 0)).collect();
        assert!((1_000..=1_025).contains(&ends.len()), "{}", ends.len());
        assert!(ends.is_sorted());
    }
}
