//! Stopping a batch from elsewhere: nothing more is sent, and what was sent is finished.
//!
//! A call looks here whenever it is to wait or to send, never while a send is under way.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::task::Waker;

use crate::sync::{Mutex, MutexGuard};

/// Stops a batch from any thread, such as that of a signal: what `stop_token` of its results gives.
///
/// Clones are the same token, and a batch is stopped once and for all.
#[derive(Clone, Default)]
pub struct StopToken(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    is_stopped: bool,
    next_key: u64,
    waiting: HashMap<u64, Waker>,
}

impl StopToken {
    /// Has nothing more sent: calls that wait for their turn or for a retry end at once, those being
    /// sent are finished, and no others begin. Again has no effect.
    pub fn stop(&self) {
        let waiting = {
            let mut state = self.lock();
            state.is_stopped = true;
            std::mem::take(&mut state.waiting)
        };
        // After the lock, because what is woken asks at once.
        waiting.into_values().for_each(Waker::wake);
    }

    /// Returns whether the batch was stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.lock().is_stopped
    }

    /// Returns the place of a call that ends with the batch.
    pub(crate) fn enter(&self) -> Place {
        let mut state = self.lock();
        let key = state.next_key;
        state.next_key = key.wrapping_add(1);
        Place { token: self.clone(), key }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements, so a panic elsewhere does no harm.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for StopToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopToken").field("is_stopped", &self.is_stopped()).finish()
    }
}

/// The place of a call, which it leaves when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    token: StopToken,
    key: u64,
}

impl Place {
    /// Returns whether the call is to end; if not yet, `waker` is woken up when it is.
    pub(crate) fn is_stopped(&self, waker: &Waker) -> bool {
        let mut state = self.token.lock();
        if !state.is_stopped {
            // Under the same lock: a stop between the two would wake up nobody.
            state.waiting.insert(self.key, waker.clone());
        }
        state.is_stopped
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let waker = self.token.lock().waiting.remove(&self.key);
        // After the lock: with it a task may be dropped, which leaves its place.
        drop(waker);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn stop_wakes_up_who_is_there_once_and_turns_back_who_comes_later() {
        let (token, count) = (StopToken::default(), Arc::new(Count::default()));
        let waker = Waker::from(count.clone());
        let (one, other, gone) = (token.enter(), token.enter(), token.enter());
        for place in [&one, &one, &other, &gone] {
            assert!(!place.is_stopped(&waker));
        }
        drop(gone);
        token.clone().stop();
        token.stop();
        assert_eq!(count.0.load(Ordering::SeqCst), 2);
        assert!(token.is_stopped() && one.is_stopped(&waker) && token.enter().is_stopped(&waker));
        assert_eq!(count.0.load(Ordering::SeqCst), 2);
    }
}
