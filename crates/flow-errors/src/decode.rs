//! From status, headers and bytes to a typed [`Error`]: total, and nothing is lost.

use std::time::SystemTime;

use http::{HeaderMap, StatusCode};

use crate::{Body, Class, Envelope, Error, hint, table};

impl Error {
    /// Decodes an error reply. This never fails: whatever arrived gives a typed error.
    #[must_use]
    pub fn from_response(
        status: StatusCode,
        headers: &HeaderMap,
        body: Body,
        received_at: SystemTime,
    ) -> Self {
        let kind = table::row_for(status).map_or(crate::Kind::Unexpected, |row| row.kind);
        let class = if status.is_server_error() { Class::Transient } else { Class::Throttled };
        let envelope = Envelope::decode(body.as_bytes()).ok();
        let message = envelope.as_ref().and_then(Envelope::message).unwrap_or_default();
        let error = Self::new(kind, class, message);
        error.map(|inner| {
            inner.status = Some(status);
            inner.retry_after = hint::retry_after(headers, received_at);
            inner.body = body;
        })
    }
}
