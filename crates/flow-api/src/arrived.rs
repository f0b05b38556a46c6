//! A reply whose body has been read as far as it goes.

use std::time::SystemTime;

use http::{HeaderMap, StatusCode, response};
use serde_json::Value;

use crate::ChatCompletion;
use crate::body::{BodyReader, Collected};

/// A reply that has arrived, in one piece or put together from a stream, and is still to be decoded.
pub struct Arrived {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) collected: Collected,
    pub(crate) received_at: SystemTime,
}

impl Arrived {
    /// Creates the reply of a head and of the body that was read after it.
    #[must_use]
    pub fn new(head: response::Parts, body: BodyReader, received_at: SystemTime) -> Self {
        let response::Parts { status, headers, .. } = head;
        let collected = body.finish(&headers);
        Self { status, headers, collected, received_at }
    }

    /// Creates the reply that a service would have sent in place of a stream.
    pub(crate) fn assembled(
        status: StatusCode,
        headers: HeaderMap,
        reply: ChatCompletion,
        received_at: SystemTime,
    ) -> Self {
        // By way of a value, which is what requests are made of: the code that writes one is there. A
        // completion is always JSON: what it holds came as such.
        let bytes = serde_json::to_vec(&Value::Object(reply.into())).unwrap_or_default();
        let collected = Collected { bytes, is_over: false, failure: None };
        Self { status, headers, collected, received_at }
    }
}

impl std::fmt::Debug for Arrived {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arrived")
            .field("status", &self.status)
            .field("bytes", &self.collected.bytes.len())
            .finish_non_exhaustive()
    }
}
