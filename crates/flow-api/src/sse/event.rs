//! One event of a stream.

use std::borrow::Cow;
use std::fmt;

/// One event, borrowed from the decoder where its bytes arrived in one piece.
///
/// `Debug` shows its name and size, not its data.
#[derive(Clone, PartialEq, Eq)]
pub struct Event<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) data: Cow<'a, str>,
    pub(super) id: &'a str,
    pub(super) is_repaired: bool,
}

impl<'a> Event<'a> {
    pub(super) fn new(name: &'a [u8], data: &'a [u8], id: &'a str) -> Self {
        let (name, is_name_repaired) = text(name);
        let (data, is_data_repaired) = text(data);
        Self { name, data, id, is_repaired: is_name_repaired || is_data_repaired }
    }

    /// Returns what the stream calls the event; empty if it has no name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the data, several lines of it joined by line feeds; empty if it has none.
    #[must_use]
    pub fn data(&self) -> &str {
        &self.data
    }

    /// Returns the last id that the stream has set, with this event or before it; empty if none.
    #[must_use]
    pub const fn id(&self) -> &str {
        self.id
    }

    /// Returns whether bytes that are not UTF-8 were replaced by U+FFFD, as the standard says.
    #[must_use]
    pub const fn is_repaired(&self) -> bool {
        self.is_repaired
    }

    /// Returns whether this is the `[DONE]` that ends the streams of OpenAI-compatible services.
    ///
    /// It must be exactly that: a service that says more has not just ended.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.data == "[DONE]"
    }
}

/// Decodes bytes as the standard does, and returns whether any had to be replaced.
fn text(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), false),
        Err(_) => (String::from_utf8_lossy(bytes), true),
    }
}

impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("name", &self.name)
            .field("data_bytes", &self.data.len())
            .finish_non_exhaustive()
    }
}
