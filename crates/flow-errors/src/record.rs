//! What came of an attempt, added to its record when it is over.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::{Attempt, Error, Kind};

impl Attempt {
    pub(crate) fn succeeded(
        self,
        elapsed: Duration,
        status: StatusCode,
        id: Option<Arc<str>>,
    ) -> Self {
        // A success is billed for certain; "maybe" is for those that nobody saw the end of.
        Self { elapsed, status: Some(status), request_id: id, ..self }
    }

    pub(crate) fn failed(self, elapsed: Duration, error: &Error) -> Self {
        Self {
            elapsed,
            status: error.status(),
            kind: Some(error.kind()),
            request_id: error.shared_request_id(),
            maybe_billed: error.may_have_run(),
            ..self
        }
    }

    /// A failure after content had reached the caller: what arrived has been billed.
    pub(crate) fn delivered(self, elapsed: Duration, error: &Error) -> Self {
        Self { maybe_billed: true, ..self.failed(elapsed, error) }
    }

    pub(crate) fn cancelled(self, elapsed: Duration) -> Self {
        Self { elapsed, kind: Some(Kind::Cancelled), maybe_billed: true, ..self }
    }
}
