//! The gates of one client: one for each model, and the calls that wait at it.
//!
//! What a key may do is the key's: calls with another one than the client's pass gates of that key.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, PoisonError};
use std::task::Waker;

use flow_errors::call::{Call, Gate, Health, Lease, Step, Tick, Ticket};

use crate::sync::{Mutex, MutexGuard};

/// Beyond this many models, or models of other keys, gates that no call holds are dropped.
const MANY: usize = 1_024;

/// Makes the gate of a model.
type NewGate = Box<dyn Fn(&str) -> Gate + Send + Sync>;

/// The gates of a client. `Debug` shows none, because they are found by keys.
#[derive(Default)]
pub(crate) struct Gates {
    new: Option<NewGate>,
    own: Mutex<HashMap<Box<str>, SharedGate>>,
    of_other_keys: Mutex<HashMap<KeyAndModel, SharedGate>>,
}

type KeyAndModel = (Box<str>, Box<str>);

impl Gates {
    /// Returns gates for the client's key of which `lend` lends each its part of the limits.
    pub(crate) fn lending<L: Lease + 'static>(
        lend: impl Fn(&str) -> Option<L> + Send + Sync + 'static,
    ) -> Self {
        let new = move |model: &str| match lend(model) {
            Some(lease) => Gate::new().with_lease(lease),
            None => Gate::new(),
        };
        Self { new: Some(Box::new(new)), ..Self::default() }
    }

    /// Returns the gate of `model` for calls with the client's key, the same one to all who ask.
    pub(crate) fn gate(&self, model: &str) -> SharedGate {
        let mut gates = lock(&self.own);
        // Without a copy of the name: nearly every call comes this way.
        if let Some(gate) = gates.get(model) {
            return gate.clone();
        }
        let new = || self.new.as_ref().map_or_else(Gate::new, |new| new(model));
        gate(&mut gates, model.into(), new)
    }

    /// Returns the gate of `model` for calls with another key, the same one to all with that key.
    pub(crate) fn gate_of_key(&self, key: &str, model: &str) -> SharedGate {
        gate(&mut lock(&self.of_other_keys), (key.into(), model.into()), Gate::new)
    }

    /// Returns how many attempts are under way, to all models and with all keys together.
    pub(crate) fn in_flight(&self) -> usize {
        in_flight(&self.own) + in_flight(&self.of_other_keys)
    }

    /// Returns how the client, with its own key, stands with each model that it has asked.
    pub(crate) fn health(&self, now: Tick) -> BTreeMap<String, Health> {
        let gates = lock(&self.own);
        let health = |gate: &SharedGate| lock(&gate.0).gate.health(now);
        gates.iter().map(|(model, gate)| (model.to_string(), health(gate))).collect()
    }
}

impl fmt::Debug for Gates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gates").finish_non_exhaustive()
    }
}

fn gate<K: Eq + Hash>(
    gates: &mut HashMap<K, SharedGate>,
    of: K,
    new: impl FnOnce() -> Gate,
) -> SharedGate {
    if gates.len() >= MANY && !gates.contains_key(&of) {
        gates.retain(|_, gate| Arc::strong_count(&gate.0) > 1);
    }
    gates.entry(of).or_insert_with(|| SharedGate::new(new())).clone()
}

fn in_flight<K>(gates: &Mutex<HashMap<K, SharedGate>>) -> usize {
    lock(gates).values().map(|gate| lock(&gate.0).gate.in_flight()).sum()
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
    fn new(gate: Gate) -> Self {
        Self(Arc::new(Mutex::new(Room { gate, waiting: HashMap::new() })))
    }

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
        assert!(lock(&gates.own).len() <= MANY);
        assert!(is_same(&first, &gates.gate("a")));
    }

    #[test]
    fn calls_with_one_key_share_a_gate_and_idle_ones_do_not_pile_up() {
        let gates = Gates::default();
        let first = gates.gate_of_key("sk-planted", "a");
        assert!(is_same(&first, &gates.gate_of_key("sk-planted", "a")));
        let others =
            [gates.gate("a"), gates.gate_of_key("sk-2", "a"), gates.gate_of_key("sk-planted", "b")];
        assert!(others.iter().all(|other| !is_same(&first, other)));
        for n in 0..3 * MANY {
            let _ = gates.gate_of_key(&n.to_string(), "a");
        }
        assert!(lock(&gates.of_other_keys).len() <= MANY);
        assert!(is_same(&first, &gates.gate_of_key("sk-planted", "a")));
        assert!(is_same(&others[0], &gates.gate("a")));
        // Health is that of the client's own key, and tells of no other.
        let health = gates.health(Tick::ORIGIN);
        assert_eq!(health.keys().collect::<Vec<_>>(), ["a"]);
        assert!(!format!("{gates:?}{health:?}").contains("planted"));
    }
}
