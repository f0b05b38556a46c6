//! A thread that sleeps until it is woken up: its turn has come, or its call is cancelled.

use std::sync::{Arc, PoisonError};
use std::task::{Wake, Waker};
use std::time::Duration;

use crate::CancelToken;
use crate::cancel::Interrupt;
use crate::sync::{Condvar, Mutex};

thread_local! {
    static SLEEPER: Sleeper = Sleeper::new();
}

/// What a thread sleeps on.
#[derive(Debug)]
pub struct Sleeper {
    alarm: Arc<Alarm>,
    waker: Waker,
}

#[derive(Debug, Default)]
struct Alarm {
    has_rung: Mutex<bool>,
    bell: Condvar,
}

impl Sleeper {
    pub(crate) fn new() -> Self {
        let alarm = Arc::<Alarm>::default();
        Self { waker: Waker::from(alarm.clone()), alarm }
    }

    /// Does `work` with the sleeper of this thread.
    pub(crate) fn of_this_thread<T>(work: impl FnOnce(&Self) -> T) -> T {
        SLEEPER.with(work)
    }

    /// Returns what wakes the thread up, also if it is not asleep yet.
    pub(crate) const fn waker(&self) -> &Waker {
        &self.waker
    }

    /// Sleeps, at most for `limit`, and not after `cancel` is cancelled.
    pub(crate) fn sleep(&self, limit: Duration, cancel: &CancelToken) {
        let _registration = cancel.register(self.alarm.clone());
        let has_rung = self.alarm.has_rung.lock().unwrap_or_else(PoisonError::into_inner);
        let woken = self.alarm.bell.wait_timeout_while(has_rung, limit, |has_rung| !*has_rung);
        let (mut has_rung, _) = woken.unwrap_or_else(PoisonError::into_inner);
        *has_rung = false;
    }
}

impl Alarm {
    fn ring(&self) {
        *self.has_rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.bell.notify_one();
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}

impl Interrupt for Alarm {
    fn interrupt(&self) {
        self.ring();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Instant;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn sleep_ends_with_the_limit_a_wake_up_or_a_cancel_whichever_is_first() {
        let (sleeper, token) = (Sleeper::new(), CancelToken::new());
        let began = Instant::now();
        sleeper.sleep(Duration::from_millis(20), &token);
        assert!(began.elapsed() >= Duration::from_millis(20));
        // One that came before it fell asleep.
        sleeper.waker().wake_by_ref();
        sleeper.sleep(LONG, &token);
        let waker = sleeper.waker().clone();
        let other = thread::spawn(move || waker.wake());
        sleeper.sleep(LONG, &token);
        other.join().unwrap();
        let cancel = token.clone();
        let other = thread::spawn(move || cancel.cancel());
        sleeper.sleep(LONG, &token);
        other.join().unwrap();
        sleeper.sleep(LONG, &token);
        assert!(began.elapsed() < LONG);
    }
}
