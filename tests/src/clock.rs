//! A clock that moves only when somebody waits.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use flow_blocking::{CancelToken, Sleeper};
use flow_errors::call::Tick;

/// A virtual clock: whoever sleeps on it moves it, and its randomness is a counter's.
#[derive(Clone, Debug, Default)]
pub struct VirtualClock {
    now: Arc<AtomicU64>,
    draws: Arc<AtomicU64>,
    seed: u64,
    creep: Duration,
    /// What the wall clock says at the origin, since 1970.
    wall: Duration,
}

impl VirtualClock {
    /// Creates a clock that stands at the origin.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Returns the clock, moving by `creep` each time a driver reads it.
    #[must_use]
    pub fn creeping(self, creep: Duration) -> Self {
        Self { creep, ..self }
    }

    /// Sets the wall clock: what it says at the origin, since 1970.
    #[must_use]
    pub fn at_wall(self, wall: Duration) -> Self {
        Self { wall, ..self }
    }

    /// Returns the instant.
    #[must_use]
    pub fn tick(&self) -> Tick {
        Tick::from_nanos(self.now.load(Ordering::SeqCst))
    }

    /// Moves the clock forward.
    pub fn advance(&self, span: Duration) {
        self.advance_to(self.tick() + span);
    }

    fn advance_to(&self, instant: Tick) {
        self.now.fetch_max(instant.as_nanos(), Ordering::SeqCst);
    }

    fn wall_time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.wall + self.tick().since(Tick::ORIGIN)
    }

    fn draw(&self) -> u64 {
        let draw = self.draws.fetch_add(1, Ordering::SeqCst).wrapping_add(self.seed);
        // An odd multiplier spreads the counter over all bits.
        draw.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

impl flow_async::Clock for VirtualClock {
    fn now(&self) -> Tick {
        self.advance(self.creep);
        self.tick()
    }

    fn wall(&self) -> SystemTime {
        self.wall_time()
    }

    fn entropy(&self) -> u64 {
        self.draw()
    }

    fn sleep_until(&self, instant: Tick) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let clock = self.clone();
        Box::pin(async move { clock.advance_to(instant) })
    }
}

impl flow_blocking::Clock for VirtualClock {
    fn now(&self) -> Tick {
        self.advance(self.creep);
        self.tick()
    }

    fn wall(&self) -> SystemTime {
        self.wall_time()
    }

    fn entropy(&self) -> u64 {
        self.draw()
    }

    fn sleep_until(&self, instant: Tick, _sleeper: &Sleeper, _cancel: &CancelToken) {
        self.advance_to(instant);
    }
}

/// A virtual clock for real sockets: it jumps over the waits between attempts, and stands still
/// while an attempt is under way, whose limits are real.
#[derive(Clone)]
pub(crate) struct SocketClock {
    clock: VirtualClock,
    is_sending: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl SocketClock {
    /// Creates the clock of a client that tells by `is_sending` whether an attempt is under way.
    pub(crate) fn new(
        clock: VirtualClock,
        is_sending: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { clock, is_sending: Arc::new(is_sending) }
    }
}

impl flow_async::Clock for SocketClock {
    fn now(&self) -> Tick {
        self.clock.tick()
    }

    fn wall(&self) -> SystemTime {
        self.clock.wall_time()
    }

    fn entropy(&self) -> u64 {
        self.clock.draw()
    }

    fn sleep_until(&self, instant: Tick) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        if (self.is_sending)() {
            return Box::pin(tokio::time::sleep(instant.since(self.clock.tick())));
        }
        let clock = self.clock.clone();
        Box::pin(async move { clock.advance_to(instant) })
    }
}

/// The blocking client sleeps between attempts only; its sockets keep to the limits themselves.
impl flow_blocking::Clock for SocketClock {
    fn now(&self) -> Tick {
        self.clock.tick()
    }

    fn wall(&self) -> SystemTime {
        self.clock.wall_time()
    }

    fn entropy(&self) -> u64 {
        self.clock.draw()
    }

    fn sleep_until(&self, instant: Tick, _sleeper: &Sleeper, _cancel: &CancelToken) {
        self.clock.advance_to(instant);
    }
}

impl fmt::Debug for SocketClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketClock").field("clock", &self.clock).finish_non_exhaustive()
    }
}
