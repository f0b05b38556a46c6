//! The words of the retry machine: what it asks for and what it is told.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::Error;
use crate::ending::Ending;
use crate::rate_limits::RateLimits;
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
    /// When it begins.
    pub at: Tick,
    /// How long it may take, reply included; `None` without deadline and attempt timeout.
    pub timeout: Option<Duration>,
}

/// What an attempt asks for: one of the call's models, as a stream or in one piece. Attempts to one
/// target send one body.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Target {
    /// The model's place: 0 is the operation's own, then come the fallback models in the caller's
    /// order.
    pub model: usize,
    /// Whether the reply is to be sent as a stream.
    pub streams: bool,
}

/// What a wait is for.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// The schedule of the policy; or, if that is sooner, when a limit that was learned has room again for
    /// a call that was refused by it.
    Backoff,
    /// The server said when to come back.
    Hint,
    /// The model is no good just now and another one is asked: such a wait takes no time.
    Switch,
    /// Other calls to the model are to be sent before, or the service has no room yet. Whoever keeps
    /// to the instant is right; whoever is [woken](crate::call::Gate::take_wake) is sooner.
    Turn,
}

impl Why {
    /// Returns the reason's word, as logs write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Backoff => "backoff",
            Self::Hint => "hint",
            Self::Switch => "switch",
            Self::Turn => "turn",
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
        /// What the reply's headers say of the service's limits.
        limits: RateLimits,
        /// How many tokens were used in all, if the reply says so.
        tokens: Option<u64>,
    },
    /// It failed before any content reached the caller.
    Failed(Error),
    /// It failed after content had reached the caller, so it must not be sent again.
    Broken(Error),
}

impl Outcome {
    /// Returns what it means for the other calls to the model.
    pub(crate) const fn ending(&self) -> Ending<'_> {
        match self {
            Self::Succeeded { limits, tokens, .. } => Ending::Succeeded { limits, tokens: *tokens },
            Self::Failed(error) => Ending::Failed(error),
            Self::Broken(_) => Ending::Broken,
        }
    }
}
