//! The caller's keys, kept to remove them from what a service says.

use std::fmt;

use flow_errors::Error;

/// Keys that must not be shown. `Debug` shows how many there are.
#[derive(Clone, Default)]
pub(crate) struct Keys(Vec<Box<str>>);

impl Keys {
    pub(crate) fn add(&mut self, key: &str) {
        self.0.push(key.into());
    }

    /// Returns the error without the keys: some services echo what they refuse.
    pub(crate) fn redacted(&self, error: Error) -> Error {
        self.0.iter().fold(error, |error, key| error.redacted(key))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} keys>", self.0.len())
    }
}
