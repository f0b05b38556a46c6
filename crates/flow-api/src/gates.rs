//! The gates of one client: one for each model, and the calls that wait at it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError};
use std::task::Waker;

use flow_errors::call::{Call, Gate, Health, Step, Tick, Ticket};

use crate::sync::{Mutex, MutexGuard};

/// Beyond this many models, gates that no call holds are dropped.
const MANY: usize = 1_024;

#[derive(Debug, Default)]
pub(crate) struct Gates(Mutex<HashMap<Box<str>, SharedGate>>);

impl Gates {
    /// Returns the gate of `model`, the same one to all who ask.
    pub(crate) fn gate(&self, model: &str) -> SharedGate {
        let mut gates = lock(&self.0);
        if let Some(gate) = gates.get(model) {
            return gate.clone();
        }
        if gates.len() >= MANY {
            gates.retain(|_, gate| Arc::strong_count(&gate.0) > 1);
        }
        gates.entry(model.into()).or_default().clone()
    }

    /// Returns how many attempts are under way, to all models together.
    pub(crate) fn in_flight(&self) -> usize {
        lock(&self.0).values().map(|gate| lock(&gate.0).gate.in_flight()).sum()
    }

    /// Returns how the client stands with each model that it has asked.
    pub(crate) fn health(&self, now: Tick) -> BTreeMap<String, Health> {
        let gates = lock(&self.0);
        let health = |gate: &SharedGate| lock(&gate.0).gate.health(now);
        gates.iter().map(|(model, gate)| (model.to_string(), health(gate))).collect()
    }
}

/// A gate that several calls hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedGate(Arc<Mutex<Room>>);

/// A gate, and what wakes up those who wait at it.
#[derive(Debug, Default)]
struct Room {
    gate: Gate,
    waiting: HashMap<Ticket, Waker>,
}

impl SharedGate {
    /// Polls a call, which is woken up by `waker` when it may go sooner than it is told.
    pub(crate) fn poll(&self, call: &mut Call, now: Tick, waker: &Waker) -> Step {
        self.with(|room| {
            let before = call.ticket();
            let step = call.poll(now, &mut room.gate);
            // Under the same lock: who is woken before it is noted would sleep on.
            match call.ticket() {
                Some(ticket) => drop(room.waiting.insert(ticket, waker.clone())),
                None => room.forget(before),
            }
            step
        })
    }

    /// Tells a call what came of it, or ends it.
    pub(crate) fn tell<T>(
        &self,
        call: &mut Call,
        tell: impl FnOnce(&mut Call, &mut Gate) -> T,
    ) -> T {
        self.with(|room| {
            room.forget(call.ticket());
            tell(call, &mut room.gate)
        })
    }

    /// Does `work`, and wakes up the one call that may go sooner for it.
    fn with<T>(&self, work: impl FnOnce(&mut Room) -> T) -> T {
        let (result, woken) = {
            let mut room = lock(&self.0);
            let result = work(&mut room);
            let woken = room.gate.take_wake();
            (result, woken.and_then(|ticket| room.waiting.remove(&ticket)))
        };
        // After the lock, because what is woken asks at once.
        if let Some(waker) = woken {
            waker.wake();
        }
        result
    }
}

impl Room {
    fn forget(&mut self, ticket: Option<Ticket>) {
        if let Some(ticket) = ticket {
            self.waiting.remove(&ticket);
        }
    }
}

/// Locks; a thread that panicked elsewhere does not make the numbers wrong.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_same(one: &SharedGate, other: &SharedGate) -> bool {
        Arc::ptr_eq(&one.0, &other.0)
    }

    #[test]
    fn one_model_has_one_gate_and_idle_ones_do_not_pile_up() {
        let gates = Gates::default();
        let first = gates.gate("a");
        assert!(is_same(&first, &gates.gate("a")));
        assert!(!is_same(&first, &gates.gate("b")));
        for n in 0..3 * MANY {
            let _ = gates.gate(&n.to_string());
        }
        assert!(lock(&gates.0).len() <= MANY);
        assert!(is_same(&first, &gates.gate("a")));
    }
}
