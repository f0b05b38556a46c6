//! How a stream ends: first its body, then what comes out of it.

use flow_errors::{Error, Result};

/// How the body ended.
pub(super) enum Closed {
    Not,
    Well,
    Badly(Error),
}

/// How far the end is.
pub(super) enum End {
    Ahead,
    /// It comes when everything that is ready has been given out.
    Near(Result<(), Failure>),
    Passed {
        is_complete: bool,
    },
}

/// Why a stream is not complete.
pub(super) enum Failure {
    Failed(Error),
    /// How it ended; what was delivered by then is added at last.
    Truncated(String),
}
