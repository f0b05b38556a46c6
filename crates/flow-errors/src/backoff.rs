//! How long to wait between attempts, when the server does not say.
//!
//! Integers only, and the random word comes in as an argument, so a log of inputs replays the
//! delays exactly. Jitter never lengthens a delay beyond `max_delay`, and its interval keeps its
//! width there, where the most stressed clients are.

use std::time::Duration;

use crate::InvalidPolicy;
use crate::tick::nanos;

/// A truncated exponential backoff schedule: `initial_delay` doubling up to `max_delay`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use flow_errors::{Backoff, Jitter};
///
/// let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(8), Jitter::Equal)?;
/// assert_eq!(backoff.delay(1, None, u64::MAX), Duration::from_secs(1));
/// assert_eq!(backoff.delay(3, None, 0), Duration::from_secs(2));
/// assert_eq!(backoff.delay(3, None, u64::MAX), Duration::from_secs(4));
/// assert_eq!(backoff.delay(u32::MAX, None, u64::MAX), Duration::from_secs(8));
/// # Ok::<(), flow_errors::InvalidPolicy>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    initial_delay: Duration,
    max_delay: Duration,
    jitter: Jitter,
}

impl Backoff {
    /// The default: 1 s doubling to 8 s, equal jitter.
    pub(crate) const DEFAULT: Self = Self {
        initial_delay: Duration::from_secs(1),
        max_delay: Duration::from_secs(8),
        jitter: Jitter::Equal,
    };

    /// Creates a schedule.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidPolicy`] if `initial_delay` is zero or above `max_delay`, or if a share of
    /// jitter is above 100 %.
    pub fn new(
        initial_delay: Duration,
        max_delay: Duration,
        jitter: Jitter,
    ) -> Result<Self, InvalidPolicy> {
        if initial_delay.is_zero() {
            return Err(InvalidPolicy::ZeroInitialDelay);
        }
        if initial_delay > max_delay {
            return Err(InvalidPolicy::InitialAboveMax { initial_delay, max_delay });
        }
        if let Jitter::Proportional { percent: percent @ 101.. } = jitter {
            return Err(InvalidPolicy::JitterAboveWhole(percent));
        }
        Ok(Self { initial_delay, max_delay, jitter })
    }

    /// Returns the delay before the first retry, without jitter.
    #[must_use]
    pub const fn initial_delay(&self) -> Duration {
        self.initial_delay
    }

    /// Returns the longest delay this schedule can produce.
    #[must_use]
    pub const fn max_delay(&self) -> Duration {
        self.max_delay
    }

    /// Returns how delays are randomized.
    #[must_use]
    pub const fn jitter(&self) -> Jitter {
        self.jitter
    }

    /// Returns whether its first delay is the default's, so that nobody has asked for another one.
    pub(crate) fn begins_as_by_default(&self) -> bool {
        *self == Self::DEFAULT.with_max_delay(self.max_delay)
    }

    pub(crate) const fn with_jitter(self, jitter: Jitter) -> Self {
        Self { jitter, ..self }
    }

    /// `max_delay` must not be below `initial_delay`; the presets that use this keep to it.
    pub(crate) const fn with_max_delay(self, max_delay: Duration) -> Self {
        Self { max_delay, ..self }
    }

    /// Returns the delay before retry `retry`, counted from 1, for the random word `entropy`.
    ///
    /// `previous` is what this returned for the retry before, `None` for the first: only
    /// [`Jitter::Decorrelated`] looks at it. The delay never shrinks as `entropy` grows; 0 and
    /// `u64::MAX` give the interval's ends. Delays above 584 years are taken for 584 years.
    #[must_use]
    pub fn delay(&self, retry: u32, previous: Option<Duration>, entropy: u64) -> Duration {
        let (base, cap) = (nanos(self.initial_delay), nanos(self.max_delay));
        let ceiling = exponential(base, cap, retry);
        let (low, high) = match self.jitter {
            Jitter::None => (ceiling, ceiling),
            Jitter::Full => (0, ceiling),
            Jitter::Equal => (ceiling - ceiling / 2, ceiling),
            Jitter::Proportional { percent } => (ceiling - share(ceiling, percent), ceiling),
            Jitter::Decorrelated => {
                let previous = previous.map_or(base, nanos).max(base);
                (base, previous.saturating_mul(3).min(cap))
            }
        };
        Duration::from_nanos(uniform(low, high, entropy))
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How a delay `d` is randomized.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Jitter {
    /// Exactly `d`: the page's own loop. Everyone refused together comes back together.
    None,
    /// Anything from zero to `d`: the fewest calls under contention.
    Full,
    /// Between half of `d` and `d`: never longer than the page says, never under half of it.
    #[default]
    Equal,
    /// Between `d` less so many percent of it and `d`; 25 is what the official SDKs do.
    Proportional {
        /// How much of `d` is random: 0 to 100.
        percent: u8,
    },
    /// Between the initial delay and three times the delay before, up to the maximum: it grows by
    /// chance instead of by the number of the retry, so that clients drift apart the most.
    Decorrelated,
}

/// Returns `min(cap, base · 2^(retry - 1))` without overflow.
fn exponential(base: u64, cap: u64, retry: u32) -> u64 {
    let doublings = retry.saturating_sub(1);
    // `>`: a shift by exactly the number of leading zeros still fits.
    if doublings > base.leading_zeros() {
        return cap;
    }
    base.checked_shl(doublings).unwrap_or(cap).min(cap)
}

/// Returns `percent` of `span`, rounded up so that there is some jitter in any span.
fn share(span: u64, percent: u8) -> u64 {
    let share = (u128::from(span) * u128::from(percent)).div_ceil(100);
    u64::try_from(share).unwrap_or(u64::MAX).min(span)
}

/// Maps a random word onto `[low, high]`: monotone, both ends attained, as even as 64 bits allow.
pub(crate) fn uniform(low: u64, high: u64, entropy: u64) -> u64 {
    let width = u128::from(high.saturating_sub(low)) + 1;
    // A product of 64-bit values shifted down by 64 is at most `high - low`.
    let offset = (u128::from(entropy) * width) >> 64;
    low.saturating_add(u64::try_from(offset).unwrap_or(u64::MAX))
}
