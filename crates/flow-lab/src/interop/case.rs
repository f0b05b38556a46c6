//! One thing that was tried: what must be seen, and what was.

use serde::Serialize;

/// One case, as the table shows it.
#[derive(Debug, Serialize)]
pub(crate) struct Case {
    /// The program on the other side, with its version.
    pub(crate) program: String,
    /// Who called: `async`, `blocking`, or a class of an SDK.
    pub(crate) client: String,
    /// What was tried.
    pub(crate) name: String,
    pub(crate) expected: String,
    pub(crate) seen: String,
}

impl Case {
    pub(crate) fn is_as_expected(&self) -> bool {
        self.expected == self.seen
    }
}
