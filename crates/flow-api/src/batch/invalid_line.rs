//! Why a line of a batch file cannot be read.

use std::fmt;

/// A line of a batch file that is not what it should be; which line that is, its reader knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidLine(String);

impl InvalidLine {
    pub(super) fn new(problem: impl Into<String>) -> Self {
        Self(problem.into())
    }
}

impl fmt::Display for InvalidLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidLine {}
