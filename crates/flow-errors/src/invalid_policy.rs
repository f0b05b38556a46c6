//! Why a policy cannot be built, and what to set instead.

use std::fmt;
use std::time::Duration;

/// The settings of a [`RetryPolicy`](crate::RetryPolicy), a [`Backoff`](crate::Backoff) or
/// [`Timeouts`](crate::call::Timeouts) make no sense.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidPolicy {
    /// `max_attempts` was zero.
    NoAttempts,
    /// `max_attempts` was above [`RetryPolicy::MAX_ATTEMPTS`](crate::RetryPolicy::MAX_ATTEMPTS).
    TooManyAttempts(u32),
    /// `initial_delay` was zero.
    ZeroInitialDelay,
    /// `initial_delay` was longer than `max_delay`.
    InitialAboveMax {
        /// The delay before the first retry.
        initial_delay: Duration,
        /// The longest delay.
        max_delay: Duration,
    },
    /// The share of a proportional jitter was above 100 %.
    JitterAboveWhole(u8),
    /// The share of the service's limits was nothing, or more than all.
    NoShare {
        /// How many parts.
        part: u32,
        /// Of how many.
        of: u32,
    },
    /// The deadline was zero.
    ZeroDeadline,
    /// The attempt timeout was zero.
    ZeroAttemptTimeout,
}

impl fmt::Display for InvalidPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAttempts => f.write_str(
                "max_attempts is 0, so nothing would ever be sent; use 1 to switch retries off",
            ),
            Self::TooManyAttempts(attempts) => write!(
                f,
                "max_attempts is {attempts}, above the maximum of 1000; bound long calls by their \
                 deadline",
            ),
            Self::ZeroInitialDelay => f.write_str(
                "initial_delay is 0, which would retry in a hot loop; use at least 1 ms",
            ),
            Self::InitialAboveMax { initial_delay, max_delay } => write!(
                f,
                "initial_delay {initial_delay:?} is above max_delay {max_delay:?}; swap or raise one",
            ),
            Self::JitterAboveWhole(percent) => {
                write!(f, "the jitter is {percent} % of the delay; use 0 to 100")
            }
            Self::NoShare { part, of } => write!(
                f,
                "the share of the limits is {part} of {of}; use 1 of the number of processes",
            ),
            Self::ZeroDeadline => f.write_str(
                "the deadline is 0, so no call could finish; use no_deadline() to lift it",
            ),
            Self::ZeroAttemptTimeout => f.write_str(
                "the attempt timeout is 0, so no attempt could finish; leave it unset to lift it",
            ),
        }
    }
}

impl std::error::Error for InvalidPolicy {}
