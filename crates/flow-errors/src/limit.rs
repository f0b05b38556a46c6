//! One limit of a service.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One limit: how much there is, how much is left, and when all of it is back.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) remaining: Option<u64>,
    #[serde(
        rename = "reset_ns",
        default,
        skip_serializing_if = "Option::is_none",
        with = "crate::json::optional_nanos"
    )]
    pub(crate) reset: Option<Duration>,
}

impl Limit {
    /// Returns how much may be used in a window.
    #[must_use]
    pub const fn limit(&self) -> Option<u64> {
        self.limit
    }

    /// Returns how much of it is left.
    #[must_use]
    pub const fn remaining(&self) -> Option<u64> {
        self.remaining
    }

    /// Returns how long it takes until all of it is back.
    ///
    /// That is not the wait until the next request fits; [`retry_after`](crate::Error::retry_after)
    /// is.
    #[must_use]
    pub const fn reset(&self) -> Option<Duration> {
        self.reset
    }
}
