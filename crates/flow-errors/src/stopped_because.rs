//! Why a call was not tried again, as one word.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why there was no further attempt.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoppedBecause {
    /// The failure would be the same every time, or the service said not to retry.
    NotRetryable,
    /// The policy's attempts were used up.
    MaxAttempts,
    /// The next wait would have reached the deadline, or the deadline passed.
    Deadline,
    /// The call waited too long for its turn.
    Turn,
    /// The service asked for a longer wait than the policy allows.
    RetryAfterTooLong,
    /// The request may have been run, and was sent again as often as the policy allows.
    AmbiguousLimit,
    /// The body cannot be sent twice.
    NotRepeatable,
    /// Content had already reached the caller.
    Delivered,
    /// The caller cancelled the call.
    Cancelled,
}

impl StoppedBecause {
    /// Returns the reason's word, as logs and JSON write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotRetryable => "not_retryable",
            Self::MaxAttempts => "max_attempts",
            Self::Deadline => "deadline",
            Self::Turn => "turn",
            Self::RetryAfterTooLong => "retry_after_too_long",
            Self::AmbiguousLimit => "ambiguous_limit",
            Self::NotRepeatable => "not_repeatable",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for StoppedBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
