//! The words of the retry machine: what it asks for, what it is told, why it stopped.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::Error;
use crate::tick::Tick;

/// What the driver must do next.
#[must_use]
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a driver must handle every step")]
pub enum Step {
    /// Send the request now, then report the outcome.
    Send(Send),
    /// Wait until then, then poll again.
    Wait {
        /// The instant from which polling again makes sense.
        until: Tick,
        /// What the wait is for.
        why: Why,
    },
    /// The call is over.
    Done(Verdict),
}

/// One send, as the driver is to make it.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Send {
    /// The attempt's number, counted from 1.
    pub attempt: u32,
    /// What is sent to.
    pub target: Target,
    /// How long it may take, reply included; `None` without deadline and attempt timeout.
    pub timeout: Option<Duration>,
}

/// Which of the call's models an attempt goes to, counted from 0 in the caller's order.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Target {
    /// The model's place in the caller's list.
    pub model: usize,
}

/// What a wait is for.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// The schedule of the policy.
    Backoff,
    /// The server said when to come back.
    Hint,
}

impl Why {
    /// Returns the reason's word, as logs write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Backoff => "backoff",
            Self::Hint => "hint",
        }
    }
}

/// How a call ended.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a call succeeds or fails")]
pub enum Verdict {
    /// The last attempt succeeded.
    Succeeded,
    /// No attempt succeeded: the last one's error, with the whole history.
    Failed(Error),
}

/// What came of one send.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "an attempt ends in one of these ways")]
pub enum Outcome {
    /// A reply arrived that the caller can have.
    Succeeded {
        /// The reply's status.
        status: StatusCode,
        /// The service's id for the request.
        request_id: Option<Arc<str>>,
    },
    /// It failed before any content reached the caller.
    Failed(Error),
    /// It failed after content had reached the caller, so it must not be sent again.
    Broken(Error),
}

/// Why there was no further attempt.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
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

impl std::fmt::Display for StoppedBecause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
