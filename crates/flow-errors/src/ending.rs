//! What came of a send, as far as those who come after it are concerned.

use crate::rate_limits::RateLimits;
use crate::{Class, Error};

/// What a success gives back of the credit, in thousandths of a send: less than what the service can
/// take beyond the demand, or a brown-out would feed itself.
const SUCCESS: u64 = 1_100;

/// A refusal costs the service little.
const REFUSAL: u64 = 700;

/// As much as it took.
const ALL: u64 = 1_000;

/// How a send ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending<'a> {
    Succeeded {
        limits: &'a RateLimits,
        /// How many tokens were used, if the reply says so.
        tokens: Option<u64>,
    },
    Failed(&'a Error),
    /// It failed after content had reached the caller.
    Broken,
    /// Nobody will know: the caller had it stopped.
    Cancelled,
}

impl Ending<'_> {
    /// Returns what the send gives back of the credit that it took.
    pub(crate) fn back(self) -> u64 {
        match self {
            Self::Succeeded { .. } => SUCCESS,
            // The service is not to blame.
            Self::Broken | Self::Cancelled => ALL,
            Self::Failed(error) => back(error.class()),
        }
    }
}

const fn back(class: Class) -> u64 {
    match class {
        // The service did what it should, or the pacer sees to it.
        Class::Throttled | Class::Quota | Class::Conflict | Class::Permanent => ALL,
        Class::Overloaded | Class::Transient | Class::NotSent => REFUSAL,
        // The work may still be running.
        Class::GatewayTimeout | Class::Ambiguous => 0,
    }
}
