//! What a batch is made of: requests, with or without a key of the caller's.

use crate::ChatRequest;

/// A request of a batch: a [`ChatRequest`], or a pair of a key and one.
///
/// The key is whatever the caller wants to know a result by; it stays with the batch and is handed
/// back with the result.
pub trait Request {
    /// What the result is known by, besides its place among the requests.
    type Key;

    /// Returns the key and the request.
    fn into_parts(self) -> (Self::Key, ChatRequest);
}

impl Request for ChatRequest {
    type Key = ();

    fn into_parts(self) -> ((), ChatRequest) {
        ((), self)
    }
}

impl<K> Request for (K, ChatRequest) {
    type Key = K;

    fn into_parts(self) -> (K, ChatRequest) {
        self
    }
}
