//! When the server said to come back.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

/// Reads the wait that a reply's headers ask for; the first header present and valid wins.
#[must_use]
pub fn retry_after(headers: &HeaderMap, received_at: SystemTime) -> Option<Duration> {
    let _ = received_at;
    headers.get("retry-after")?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}
