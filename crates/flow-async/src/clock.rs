//! Where this crate's time and randomness come from; tests bring their own.

use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use flow_errors::call::Tick;
use tokio::time::Instant;

/// What completes when it is time.
pub(crate) type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Time and randomness, as the driver needs them.
#[doc(hidden)]
pub trait Clock: Send + Sync + 'static {
    /// Returns the instant, by a clock that never runs backwards.
    fn now(&self) -> Tick;

    /// Returns the wall clock's time.
    fn wall(&self) -> SystemTime;

    /// Returns 64 random bits.
    fn entropy(&self) -> u64;

    /// Completes at `instant`, or a little later.
    fn sleep_until(&self, instant: Tick) -> Sleep;
}

/// Tokio's clock, which tests can pause, and the operating system's randomness.
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

    fn sleep_until(&self, instant: Tick) -> Sleep {
        // Where a platform's clock cannot hold the instant, a century is as good as for ever.
        const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);
        let span = instant.since(Tick::ORIGIN);
        let at = self.origin.checked_add(span).unwrap_or_else(|| self.origin + CENTURY);
        Box::pin(tokio::time::sleep_until(at))
    }
}
