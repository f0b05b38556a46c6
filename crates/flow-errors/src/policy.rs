//! The limits a caller puts on retrying, and on time.

use std::fmt;
use std::time::Duration;

use crate::{Backoff, Jitter};

/// How often to retry and how long to wait in between.
///
/// The default is the service's advice made safe: 3 attempts, 1 s doubling to 8 s with equal
/// jitter, `Retry-After` up to 120 s, one retry of a request that may have been run.
///
/// # Examples
///
/// ```
/// use flow_errors::RetryPolicy;
///
/// let policy = RetryPolicy::builder().max_attempts(5).build()?;
/// assert_eq!(policy.max_attempts(), 5);
/// assert!(RetryPolicy::builder().max_attempts(0).build().is_err());
/// # Ok::<(), flow_errors::InvalidPolicy>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    max_attempts: u32,
    backoff: Backoff,
    max_retry_after: Duration,
    ambiguous_retries: u32,
}

impl RetryPolicy {
    /// The most attempts a policy may allow, which bounds every history: 1,000.
    pub const MAX_ATTEMPTS: u32 = 1_000;

    const DEFAULT: Self = Self {
        max_attempts: 3,
        backoff: Backoff::DEFAULT,
        max_retry_after: Duration::from_secs(120),
        ambiguous_retries: 1,
    };

    /// Starts from the defaults.
    pub const fn builder() -> RetryPolicyBuilder {
        RetryPolicyBuilder {
            max_attempts: Self::DEFAULT.max_attempts,
            initial_delay: Backoff::DEFAULT.initial_delay(),
            max_delay: Backoff::DEFAULT.max_delay(),
            jitter: Backoff::DEFAULT.jitter(),
            max_retry_after: Self::DEFAULT.max_retry_after,
            ambiguous_retries: Self::DEFAULT.ambiguous_retries,
        }
    }

    /// Returns the loop that the service's page prints: 3 attempts, 1 s and 2 s, no jitter.
    #[must_use]
    pub fn documented() -> Self {
        Self { backoff: Backoff::DEFAULT.with_jitter(Jitter::None), ..Self::DEFAULT }
    }

    /// Returns the policy that never retries.
    #[must_use]
    pub const fn none() -> Self {
        Self { max_attempts: 1, ..Self::DEFAULT }
    }

    /// Returns a patient policy for batches: 10 attempts, delays up to 60 s.
    #[must_use]
    pub fn batch() -> Self {
        let backoff = Backoff::DEFAULT.with_max_delay(Duration::from_secs(60));
        Self { max_attempts: 10, backoff, ..Self::DEFAULT }
    }

    /// Returns the most times a request is sent, the first included.
    #[must_use]
    pub const fn max_attempts(&self) -> u32 {
        self.max_attempts
    }

    /// Returns the schedule of delays between attempts.
    #[must_use]
    pub const fn backoff(&self) -> &Backoff {
        &self.backoff
    }

    /// Returns the longest `Retry-After` that is waited for; above it the call stops and says so.
    #[must_use]
    pub const fn max_retry_after(&self) -> Duration {
        self.max_retry_after
    }

    /// Returns how often a request is sent again that may already have been run.
    #[must_use]
    pub const fn ambiguous_retries(&self) -> u32 {
        self.ambiguous_retries
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Collects settings for a [`RetryPolicy`].
#[must_use = "a builder does nothing until `build` is called"]
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicyBuilder {
    max_attempts: u32,
    initial_delay: Duration,
    max_delay: Duration,
    jitter: Jitter,
    max_retry_after: Duration,
    ambiguous_retries: u32,
}

impl RetryPolicyBuilder {
    /// Sets the most times a request is sent, the first included: 1 to 1,000, default 3.
    ///
    /// `max_retries = n` of the official SDKs is `max_attempts(n + 1)`.
    pub const fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the delay before the first retry: above zero, default 1 s. It doubles each time.
    pub const fn initial_delay(mut self, delay: Duration) -> Self {
        self.initial_delay = delay;
        self
    }

    /// Sets the longest delay: at least `initial_delay`, default 8 s.
    pub const fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// Sets how delays are randomized; default [`Jitter::Equal`].
    pub const fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// Sets the longest `Retry-After` that is waited for, default 120 s.
    ///
    /// When the service asks for more, the call stops with the service's error, whose
    /// [`retry_after`](crate::Error::retry_after) says when to come back.
    pub const fn max_retry_after(mut self, limit: Duration) -> Self {
        self.max_retry_after = limit;
        self
    }

    /// Sets how often a request is sent again that may already have been run **and billed**
    /// (reset or timeout after sending); default 1.
    pub const fn ambiguous_retries(mut self, retries: u32) -> Self {
        self.ambiguous_retries = retries;
        self
    }

    /// Checks the settings and builds the policy.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidPolicy`] if no attempt is allowed or more than 1,000 are, or if the delays
    /// are zero or the wrong way round.
    pub fn build(self) -> Result<RetryPolicy, InvalidPolicy> {
        match self.max_attempts {
            0 => return Err(InvalidPolicy::NoAttempts),
            1..=RetryPolicy::MAX_ATTEMPTS => {}
            attempts => return Err(InvalidPolicy::TooManyAttempts(attempts)),
        }
        Ok(RetryPolicy {
            max_attempts: self.max_attempts,
            backoff: Backoff::new(self.initial_delay, self.max_delay, self.jitter)?,
            max_retry_after: self.max_retry_after,
            ambiguous_retries: self.ambiguous_retries,
        })
    }
}

/// How long a call, an attempt and connecting may take.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use flow_errors::Timeouts;
///
/// let timeouts = Timeouts::default().with_deadline(Duration::from_secs(30))?;
/// assert_eq!(timeouts.deadline(), Some(Duration::from_secs(30)));
/// assert_eq!(timeouts.attempt(), None);
/// assert!(timeouts.with_deadline(Duration::ZERO).is_err());
/// # Ok::<(), flow_errors::InvalidPolicy>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    deadline: Option<Duration>,
    attempt: Option<Duration>,
}

impl Timeouts {
    /// Returns how long the whole call may take, attempts and waits together: default 10 minutes.
    #[must_use]
    pub const fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// Returns how long one attempt may take: default not set, so what the deadline leaves.
    #[must_use]
    pub const fn attempt(&self) -> Option<Duration> {
        self.attempt
    }

    /// Returns a copy with another deadline.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidPolicy::ZeroDeadline`] for zero.
    pub const fn with_deadline(self, deadline: Duration) -> Result<Self, InvalidPolicy> {
        if deadline.is_zero() {
            return Err(InvalidPolicy::ZeroDeadline);
        }
        Ok(Self { deadline: Some(deadline), ..self })
    }

    /// Returns a copy without a deadline: only `max_attempts` ends the call.
    #[must_use]
    pub const fn without_deadline(self) -> Self {
        Self { deadline: None, ..self }
    }

    /// Returns a copy with another limit for each attempt.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidPolicy::ZeroAttemptTimeout`] for zero.
    pub const fn with_attempt(self, timeout: Duration) -> Result<Self, InvalidPolicy> {
        if timeout.is_zero() {
            return Err(InvalidPolicy::ZeroAttemptTimeout);
        }
        Ok(Self { attempt: Some(timeout), ..self })
    }

    /// Returns a copy without a limit for each attempt: it may take what the deadline leaves.
    #[must_use]
    pub const fn without_attempt(self) -> Self {
        Self { attempt: None, ..self }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { deadline: Some(Duration::from_secs(600)), attempt: None }
    }
}

/// The settings of a [`RetryPolicy`], a [`Backoff`] or [`Timeouts`] make no sense.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidPolicy {
    /// `max_attempts` was zero.
    NoAttempts,
    /// `max_attempts` was above [`RetryPolicy::MAX_ATTEMPTS`].
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
