//! Why a policy cannot be built, and what to set instead.

use std::time::Duration;

/// The settings of a [`RetryPolicy`](crate::RetryPolicy), a [`Backoff`](crate::Backoff) or
/// [`Timeouts`](crate::call::Timeouts) make no sense.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPolicy {
    /// `max_attempts` was zero.
    #[error("max_attempts is 0, so nothing would ever be sent; use 1 to switch retries off")]
    NoAttempts,
    /// `max_attempts` was above [`RetryPolicy::MAX_ATTEMPTS`](crate::RetryPolicy::MAX_ATTEMPTS).
    #[error("max_attempts is {0}, above the maximum of 1000; bound long calls by their deadline")]
    TooManyAttempts(u32),
    /// `initial_delay` was zero.
    #[error("initial_delay is 0, which would retry in a hot loop; use at least 1 ms")]
    ZeroInitialDelay,
    /// `initial_delay` was longer than `max_delay`.
    #[error("initial_delay {initial_delay:?} is above max_delay {max_delay:?}; swap or raise one")]
    InitialAboveMax {
        /// The delay before the first retry.
        initial_delay: Duration,
        /// The longest delay.
        max_delay: Duration,
    },
    /// The share of a proportional jitter was above 100 %.
    #[error("the jitter is {0} % of the delay; use 0 to 100")]
    JitterAboveWhole(u8),
    /// The deadline was zero.
    #[error("the deadline is 0, so no call could finish; use no_deadline() to lift it")]
    ZeroDeadline,
    /// The attempt timeout was zero.
    #[error("the attempt timeout is 0, so no attempt could finish; leave it unset to lift it")]
    ZeroAttemptTimeout,
}
