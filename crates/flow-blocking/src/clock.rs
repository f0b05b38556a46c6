//! Where this crate's time and randomness come from; tests bring their own.

use std::hash::{BuildHasher, RandomState};
use std::time::{Instant, SystemTime};

use flow_errors::call::Tick;

use crate::CancelToken;
use crate::sleeper::Sleeper;

/// Time and randomness, as the driver needs them.
#[doc(hidden)]
pub trait Clock: Send + Sync + 'static {
    /// Returns the instant, by a clock that never runs backwards.
    fn now(&self) -> Tick;

    /// Returns the wall clock's time.
    fn wall(&self) -> SystemTime;

    /// Returns 64 random bits.
    fn entropy(&self) -> u64;

    /// Returns at `instant`, or a little later, or as soon as `sleeper` is woken up or `cancel` is
    /// cancelled.
    fn sleep_until(&self, instant: Tick, sleeper: &Sleeper, cancel: &CancelToken);
}

/// The operating system's clock and randomness.
pub(crate) struct SystemClock {
    origin: Instant,
}

impl SystemClock {
    pub(crate) fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Tick {
        Tick::ORIGIN + self.origin.elapsed()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    fn entropy(&self) -> u64 {
        // Seeded by the operating system once per thread, and never the same twice.
        RandomState::new().hash_one(0_u8)
    }

    fn sleep_until(&self, instant: Tick, sleeper: &Sleeper, cancel: &CancelToken) {
        sleeper.sleep(instant.since(self.now()), cancel);
    }
}
