//! What a failure says about trying again.

use serde::{Deserialize, Serialize};

/// What a failure says about trying again: a fact about it, decided when the error is made.
///
/// Whether there *is* another attempt is the policy's decision, made by [`Call`](crate::call::Call).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Refused because of a rate limit. Not run.
    Throttled,
    /// Refused because balance or quota is used up. Never retried, whatever the headers say.
    Quota,
    /// Refused because the model is overloaded. Not run.
    Overloaded,
    /// Failed inside the platform; likely to pass if sent again.
    Transient,
    /// The gateway gave up waiting. **May have been run and billed.**
    GatewayTimeout,
    /// The request never left: DNS, TCP or TLS failed.
    NotSent,
    /// The connection or the attempt's time ended after sending, before a whole reply arrived.
    /// **May have been run and billed.**
    Ambiguous,
    /// A lock conflict or a request that came too early (409, 425).
    Conflict,
    /// Will fail the same way every time; also, in JSON, a class that this version does not know.
    #[serde(other)]
    Permanent,
}

impl Class {
    /// Returns whether a failure of this class may pass when sent again.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        !matches!(self, Self::Quota | Self::Permanent)
    }

    /// Returns whether the service may have run, and billed, the request all the same.
    #[must_use]
    pub const fn is_maybe_billed(self) -> bool {
        matches!(self, Self::GatewayTimeout | Self::Ambiguous)
    }
}
