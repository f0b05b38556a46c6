//! The limits a caller puts on retrying, and on time.

use std::time::Duration;

use crate::share::Share;
use crate::{Backoff, InvalidPolicy, Jitter};

/// How often to retry and how long to wait in between.
///
/// The default is the service's advice made safe: 3 attempts, 1 s doubling to 8 s with equal
/// jitter, `Retry-After` up to 120 s, one retry of a request that may have been run, and up to 60 s of
/// waiting for a turn where the service's limit or its failures leave no room.
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
    /// `None` where the caller did not say.
    max_attempts: Option<u32>,
    backoff: Backoff,
    max_retry_after: Duration,
    switch_after: Duration,
    ambiguous_retries: u32,
    max_turn_wait: Duration,
    max_waiting_calls: u32,
    pacing: bool,
    share: Share,
}

impl RetryPolicy {
    /// The most attempts a policy may allow, which bounds every history: 1,000.
    pub const MAX_ATTEMPTS: u32 = 1_000;

    const DEFAULT_MAX_ATTEMPTS: u32 = 3;

    const DEFAULT: Self = Self {
        max_attempts: None,
        backoff: Backoff::DEFAULT,
        max_retry_after: Duration::from_secs(120),
        switch_after: Duration::from_secs(5),
        ambiguous_retries: 1,
        max_turn_wait: Duration::from_secs(60),
        max_waiting_calls: 10_000,
        pacing: true,
        share: Share::WHOLE,
    };

    /// Starts from the defaults.
    pub const fn builder() -> RetryPolicyBuilder {
        RetryPolicyBuilder {
            max_attempts: Self::DEFAULT.max_attempts,
            initial_delay: Backoff::DEFAULT.initial_delay(),
            max_delay: Backoff::DEFAULT.max_delay(),
            jitter: Backoff::DEFAULT.jitter(),
            max_retry_after: Self::DEFAULT.max_retry_after,
            switch_after: Self::DEFAULT.switch_after,
            ambiguous_retries: Self::DEFAULT.ambiguous_retries,
            max_turn_wait: Self::DEFAULT.max_turn_wait,
            max_waiting_calls: Self::DEFAULT.max_waiting_calls,
            pacing: Self::DEFAULT.pacing,
            share: Self::DEFAULT.share.parts(),
        }
    }

    /// Returns the loop that the service's page prints: 3 attempts, 1 s and 2 s, no jitter.
    #[must_use]
    pub fn documented() -> Self {
        let backoff = Backoff::DEFAULT.with_jitter(Jitter::None);
        Self { max_attempts: Some(Self::DEFAULT_MAX_ATTEMPTS), backoff, ..Self::DEFAULT }
    }

    /// Returns the policy that never retries, nor asks another model.
    #[must_use]
    pub const fn none() -> Self {
        Self { max_attempts: Some(1), ..Self::DEFAULT }
    }

    /// Returns a patient policy for batches: 10 attempts, delays up to 60 s, and up to a day for a
    /// turn, because where many calls are under way at once each waits for all that came before it.
    #[must_use]
    pub fn batch() -> Self {
        const DAY: Duration = Duration::from_secs(24 * 3_600);
        let backoff = Backoff::DEFAULT.with_max_delay(Duration::from_secs(60));
        Self { max_attempts: Some(10), backoff, max_turn_wait: DAY, ..Self::DEFAULT }
    }

    /// Returns the most times a request is sent, the first included, to all models together.
    ///
    /// Where it was not set, a call with fallback models may make more attempts; see
    /// [`max_attempts_for`](Self::max_attempts_for).
    #[must_use]
    pub const fn max_attempts(&self) -> u32 {
        match self.max_attempts {
            Some(attempts) => attempts,
            None => Self::DEFAULT_MAX_ATTEMPTS,
        }
    }

    /// Returns the most attempts of a call that may ask so many `models`, its first included.
    ///
    /// That is [`max_attempts`](Self::max_attempts) if the caller set it; otherwise it is at least
    /// one more than there are models, so that each is asked and the last one asked again.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_errors::RetryPolicy;
    ///
    /// let policy = RetryPolicy::default();
    /// assert_eq!([1, 2, 3].map(|models| policy.max_attempts_for(models)), [3, 3, 4]);
    /// let policy = RetryPolicy::builder().max_attempts(2).build()?;
    /// assert_eq!(policy.max_attempts_for(3), 2);
    /// # Ok::<(), flow_errors::InvalidPolicy>(())
    /// ```
    #[must_use]
    pub fn max_attempts_for(&self, models: usize) -> u32 {
        self.max_attempts.unwrap_or_else(|| {
            let one_more = u32::try_from(models).unwrap_or(u32::MAX).saturating_add(1);
            one_more.clamp(Self::DEFAULT_MAX_ATTEMPTS, Self::MAX_ATTEMPTS)
        })
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

    /// Returns the longest `Retry-After` of a throttled model that is waited for where the call has
    /// another model to ask.
    #[must_use]
    pub const fn switch_after(&self) -> Duration {
        self.switch_after
    }

    /// Returns how often a request is sent again that may already have been run.
    #[must_use]
    pub const fn ambiguous_retries(&self) -> u32 {
        self.ambiguous_retries
    }

    /// Returns the longest wait for a turn: for the service's limit, or for credit after failures.
    #[must_use]
    pub const fn max_turn_wait(&self) -> Duration {
        self.max_turn_wait
    }

    /// Returns how many calls may wait for their turn at a model before further ones are failed.
    #[must_use]
    pub const fn max_waiting_calls(&self) -> u32 {
        self.max_waiting_calls
    }

    /// Returns whether sends keep to the service's limit once it was met.
    #[must_use]
    pub const fn pacing(&self) -> bool {
        self.pacing
    }

    /// Returns this process's part of the service's limits: so many, of so many.
    #[must_use]
    pub const fn share(&self) -> (u32, u32) {
        self.share.parts()
    }

    pub(crate) const fn own_share(&self) -> Share {
        self.share
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
    max_attempts: Option<u32>,
    initial_delay: Duration,
    max_delay: Duration,
    jitter: Jitter,
    max_retry_after: Duration,
    switch_after: Duration,
    ambiguous_retries: u32,
    max_turn_wait: Duration,
    max_waiting_calls: u32,
    pacing: bool,
    share: (u32, u32),
}

impl RetryPolicyBuilder {
    /// Sets the most times a request is sent, the first included, to all models together: 1 to
    /// 1,000. The default is 3, and with fallback models at least one more than there are models.
    ///
    /// `max_retries = n` of the official SDKs is `max_attempts(n + 1)`.
    pub const fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts);
        self
    }

    /// Sets the delay before the first retry: above zero, default 1 s. It doubles each time.
    ///
    /// With the default delay and jitter, a call that is refused with 429 and without a hint, by a limit that
    /// its client has learned, waits for 2 to 4 sends of that limit the first time, if that is less. Other
    /// ones are kept to.
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

    /// Sets the longest `Retry-After` of a throttled model that is waited for although there is a
    /// fallback model, default 5 s; above it, or above `max_retry_after`, that one is asked at once.
    ///
    /// Zero asks it whenever the service names a wait. Without fallback models, and on the last of
    /// them, this has no effect.
    pub const fn switch_after(mut self, limit: Duration) -> Self {
        self.switch_after = limit;
        self
    }

    /// Sets how often a request is sent again that may already have been run **and billed**
    /// (reset or timeout after sending); default 1.
    pub const fn ambiguous_retries(mut self, retries: u32) -> Self {
        self.ambiguous_retries = retries;
        self
    }

    /// Sets how long a call waits for its turn, each time anew; default 60 s, any value is valid.
    ///
    /// Calls to a model are sent in the order in which they came where the service's limit or its
    /// failures leave no room for all of them. A call whose turn does not come in this time fails with
    /// its own last error, or with the latest failure of that model, and
    /// [`StoppedBecause::Turn`](crate::StoppedBecause::Turn). Zero fails it where others wait.
    pub const fn max_turn_wait(mut self, limit: Duration) -> Self {
        self.max_turn_wait = limit;
        self
    }

    /// Sets how many calls may wait for their turn at one model; default 10,000, any value is valid.
    ///
    /// One more fails at once, as if it had waited in vain. A call that had a turn already may always
    /// wait for the next.
    pub const fn max_waiting_calls(mut self, calls: u32) -> Self {
        self.max_waiting_calls = calls;
        self
    }

    /// Sets whether sends keep to the service's limit once it was met; default yes.
    ///
    /// It is met with the first 429, or with the first headers that tell of it and add up. Without
    /// pacing, calls are held back only by what they were told themselves, and after failures.
    pub const fn pacing(mut self, pacing: bool) -> Self {
        self.pacing = pacing;
        self
    }

    /// Sets this process's part of the limits that the service tells of: `part` of so many parts, above
    /// zero and at most all; default 1 of 1.
    ///
    /// For several processes with one key: each takes `share(1, k)`. Where their number is not known,
    /// leave it: refusals teach them, if more slowly. It has no effect where a
    /// [`Lease`](crate::call::Lease) says what this process may use.
    pub const fn share(mut self, part: u32, of: u32) -> Self {
        self.share = (part, of);
        self
    }

    /// Checks the settings and builds the policy.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidPolicy`] if no attempt is allowed or more than 1,000 are, if the delays are
    /// zero or the wrong way round, if more than 100 % of a delay are to be random, or if the share is
    /// nothing or more than all.
    pub fn build(self) -> Result<RetryPolicy, InvalidPolicy> {
        match self.max_attempts {
            Some(0) => return Err(InvalidPolicy::NoAttempts),
            None | Some(1..=RetryPolicy::MAX_ATTEMPTS) => {}
            Some(attempts) => return Err(InvalidPolicy::TooManyAttempts(attempts)),
        }
        Ok(RetryPolicy {
            max_attempts: self.max_attempts,
            backoff: Backoff::new(self.initial_delay, self.max_delay, self.jitter)?,
            max_retry_after: self.max_retry_after,
            switch_after: self.switch_after,
            ambiguous_retries: self.ambiguous_retries,
            max_turn_wait: self.max_turn_wait,
            max_waiting_calls: self.max_waiting_calls,
            pacing: self.pacing,
            share: Share::new(self.share.0, self.share.1)?,
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
/// use flow_errors::call::Timeouts;
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
