//! What the service says of its limits in reply headers.

use http::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::header_text::date;
use crate::limit::Limit;
use crate::limit_headers;

/// The limits that a reply's headers state.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use flow_errors::headers::RateLimits;
/// use http::{HeaderMap, HeaderValue};
///
/// let mut headers = HeaderMap::new();
/// headers.insert("x-ratelimit-limit-requests", HeaderValue::from_static("60"));
/// headers.insert("x-ratelimit-remaining-requests", HeaderValue::from_static("59"));
/// headers.insert("x-ratelimit-reset-requests", HeaderValue::from_static("1s"));
///
/// let limits = RateLimits::from_headers(&headers);
/// let requests = limits.requests().expect("three headers about requests");
/// assert_eq!(requests.remaining(), Some(59));
/// assert_eq!(requests.reset(), Some(Duration::from_secs(1)));
/// assert_eq!(limits.tokens(), None);
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimits {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requests: Option<Limit>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tokens: Option<Limit>,
}

impl RateLimits {
    /// Reads the headers that services state limits in.
    ///
    /// For requests and tokens these are `x-ratelimit-{limit,remaining,reset}-{requests,tokens}` or
    /// `anthropic-ratelimit-{requests,tokens}-{limit,remaining,reset}`; without a dimension,
    /// `x-ratelimit-{limit,remaining,reset}`, `RateLimit` or `RateLimit-{Limit,Remaining,Reset}`,
    /// which count as requests. The first that say anything win. A negative number says nothing;
    /// a reset that is an instant counts from the reply's own `Date`.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Self {
        // Most replies of most services state none: one pass is cheaper than many look-ups.
        if !limit_headers::has_any(headers) {
            return Self::default();
        }
        let now = date(headers);
        Self {
            requests: limit_headers::requests(headers, now),
            tokens: limit_headers::tokens(headers, now),
        }
    }

    /// Returns the limit on requests.
    #[must_use]
    pub const fn requests(&self) -> Option<&Limit> {
        self.requests.as_ref()
    }

    /// Returns the limit on tokens.
    #[must_use]
    pub const fn tokens(&self) -> Option<&Limit> {
        self.tokens.as_ref()
    }

    /// Returns whether the reply said nothing of limits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.requests.is_none() && self.tokens.is_none()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn prop_limits_survive_json(limit: Option<u64>, remaining: Option<u64>, nanos: Option<u64>) {
            let one = Limit { limit, remaining, reset: nanos.map(Duration::from_nanos) };
            let limits = RateLimits { requests: Some(one), tokens: None };
            let json = serde_json::to_string(&limits).unwrap();
            prop_assert_eq!(serde_json::from_str::<RateLimits>(&json).unwrap(), limits);
        }
    }
}
