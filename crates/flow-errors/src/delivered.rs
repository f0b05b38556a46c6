//! How far a stream had got when it failed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What of a stream had reached its caller.
///
/// `Display` says it as the end of a sentence: `after 3 events with 12 bytes of text`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Delivered {
    events: u64,
    text_bytes: u64,
}

impl Delivered {
    /// Nothing yet.
    pub const NOTHING: Self = Self::new(0, 0);

    /// Creates the record of so many events with so much text in them.
    #[must_use]
    pub const fn new(events: u64, text_bytes: u64) -> Self {
        Self { events, text_bytes }
    }

    /// Returns how many events reached the caller.
    #[must_use]
    pub const fn events(self) -> u64 {
        self.events
    }

    /// Returns how many bytes of text they held.
    #[must_use]
    pub const fn text_bytes(self) -> u64 {
        self.text_bytes
    }

    /// Returns whether nothing had reached the caller, so that the request could be sent again.
    #[must_use]
    pub const fn is_nothing(self) -> bool {
        self.events == 0
    }
}

impl fmt::Display for Delivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = |count: u64| if count == 1 { "" } else { "s" };
        match *self {
            Self { events: 0, .. } => f.write_str("before anything was delivered"),
            Self { events, text_bytes } => write!(
                f,
                "after {events} event{} with {text_bytes} byte{} of text",
                s(events),
                s(text_bytes)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_told_as_people_say_them() {
        for (events, text_bytes, want) in [
            (0, 0, "before anything was delivered"),
            (1, 1, "after 1 event with 1 byte of text"),
            (2, 0, "after 2 events with 0 bytes of text"),
        ] {
            assert_eq!(Delivered::new(events, text_bytes).to_string(), want);
        }
    }
}
