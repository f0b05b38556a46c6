//! The gates of one client: one for each model.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flow_errors::call::Gate;

/// A gate that several calls hold.
pub(crate) type SharedGate = Arc<Mutex<Gate>>;

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
            gates.retain(|_, gate| Arc::strong_count(gate) > 1);
        }
        gates.entry(model.into()).or_default().clone()
    }

    /// Returns how many attempts are under way, to all models together.
    pub(crate) fn in_flight(&self) -> usize {
        lock(&self.0).values().map(|gate| lock(gate).in_flight()).sum()
    }
}

/// Locks; a thread that panicked elsewhere does not make the numbers wrong.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_model_has_one_gate_and_idle_ones_do_not_pile_up() {
        let gates = Gates::default();
        let first = gates.gate("a");
        assert!(Arc::ptr_eq(&first, &gates.gate("a")));
        assert!(!Arc::ptr_eq(&first, &gates.gate("b")));
        for n in 0..3 * MANY {
            let _ = gates.gate(&n.to_string());
        }
        assert!(lock(&gates.0).len() <= MANY);
        assert!(Arc::ptr_eq(&first, &gates.gate("a")));
    }
}
