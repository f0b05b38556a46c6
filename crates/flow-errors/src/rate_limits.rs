//! What the service says of its limits in reply headers.

use serde::{Deserialize, Serialize};

/// The limits a reply's headers state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimits {}

impl RateLimits {
    /// Returns whether the reply said nothing of limits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        true
    }
}
