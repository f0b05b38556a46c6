//! Ending a call from another thread.

use std::fmt;
use std::mem;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crate::sync::{Condvar, Mutex, MutexGuard};

/// Ends the calls that it was given to.
///
/// Clones are the same token. It is cancelled once and for all: a token that has been cancelled
/// ends every later call at once.
///
/// # Examples
///
/// ```
/// use std::thread;
/// use std::time::Duration;
///
/// use flow_blocking::CancelToken;
///
/// let token = CancelToken::new();
/// let other = token.clone();
/// let waiter = thread::spawn(move || other.wait_timeout(Duration::MAX));
/// token.cancel();
/// assert!(waiter.join().unwrap_or_default());
/// assert!(token.is_cancelled());
/// ```
#[derive(Clone, Default)]
pub struct CancelToken(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    cancelled: Condvar,
}

#[derive(Default)]
struct State {
    is_cancelled: bool,
    next_key: u64,
    waiting: Vec<(u64, Arc<dyn Interrupt>)>,
}

/// Something that blocks and can be woken up.
pub(crate) trait Interrupt: Send + Sync {
    /// Wakes it up. May come late: after the wait, or after the registration has ended.
    fn interrupt(&self);
}

impl CancelToken {
    /// Creates a token that is not cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends every call that this token was given to; again has no effect.
    pub fn cancel(&self) {
        let waiting = {
            let mut state = self.0.lock();
            state.is_cancelled = true;
            mem::take(&mut state.waiting)
        };
        self.0.cancelled.notify_all();
        // Outside the lock, because what is woken takes its registration back.
        for (_, interrupt) in waiting {
            interrupt.interrupt();
        }
    }

    /// Returns whether [`cancel`](Self::cancel) has been called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.lock().is_cancelled
    }

    /// Waits for [`cancel`](Self::cancel), at most for `limit`; returns whether it has been called.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use flow_blocking::CancelToken;
    ///
    /// assert!(!CancelToken::new().wait_timeout(Duration::ZERO));
    /// ```
    #[must_use]
    pub fn wait_timeout(&self, limit: Duration) -> bool {
        let state = self.0.lock();
        let waited = self.0.cancelled.wait_timeout_while(state, limit, |state| !state.is_cancelled);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_cancelled
    }

    /// Has `interrupt` called when the token is cancelled, until the registration is dropped.
    ///
    /// On a token that is cancelled already it is called at once.
    pub(crate) fn register(&self, interrupt: Arc<dyn Interrupt>) -> Registration {
        let mut state = self.0.lock();
        let key = state.next_key;
        state.next_key = key.wrapping_add(1);
        if state.is_cancelled {
            drop(state);
            interrupt.interrupt();
        } else {
            state.waiting.push((key, interrupt));
        }
        Registration { token: self.clone(), key }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements, so a panic elsewhere does no harm.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken").field("is_cancelled", &self.is_cancelled()).finish()
    }
}

/// Takes an [`Interrupt`] back when it is dropped.
#[derive(Debug)]
pub(crate) struct Registration {
    token: CancelToken,
    key: u64,
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut state = self.token.0.lock();
        if let Some(at) = state.waiting.iter().position(|(key, _)| *key == self.key) {
            state.waiting.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Interrupt for Count {
        fn interrupt(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn cancelling_twice_interrupts_once() {
        let (token, count) = (CancelToken::new(), Arc::new(Count::default()));
        let _registration = token.register(count.clone());
        token.cancel();
        token.cancel();
        assert!(token.is_cancelled() && token.clone().is_cancelled());
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn dropped_registration_is_not_interrupted() {
        let token = CancelToken::new();
        let (one, other) = (Arc::new(Count::default()), Arc::new(Count::default()));
        let registration = token.register(one.clone());
        let _other = token.register(other.clone());
        drop(registration);
        token.cancel();
        assert_eq!(one.0.load(Ordering::SeqCst), 0);
        assert_eq!(other.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn late_registration_is_interrupted_at_once() {
        let (token, count) = (CancelToken::new(), Arc::new(Count::default()));
        token.cancel();
        drop(token.register(count.clone()));
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn waiting_ends_with_cancel_however_long_it_was_to_be() {
        let token = CancelToken::new();
        let waiters: Vec<_> = (0..3)
            .map(|_| {
                let token = token.clone();
                thread::spawn(move || token.wait_timeout(Duration::MAX))
            })
            .collect();
        token.cancel();
        assert!(waiters.into_iter().all(|waiter| waiter.join().unwrap()));
        assert!(!CancelToken::new().wait_timeout(Duration::from_millis(1)));
    }
}
