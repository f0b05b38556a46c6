//! The body of a success, kept until it is known whether anybody listens to `tracing`.
//!
//! Without that feature it is dropped at once.

/// The body of a successful reply.
pub(crate) struct KeptBody {
    #[cfg(feature = "tracing")]
    bytes: Vec<u8>,
}

impl KeptBody {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        #[cfg(not(feature = "tracing"))]
        drop(bytes);
        Self {
            #[cfg(feature = "tracing")]
            bytes,
        }
    }

    /// Keeps what a reply would have been as a body.
    pub(crate) fn written(reply: &crate::ChatCompletion) -> Self {
        #[cfg(not(feature = "tracing"))]
        let _ = reply;
        Self {
            #[cfg(feature = "tracing")]
            bytes: serde_json::to_vec(reply).unwrap_or_default(),
        }
    }

    #[cfg(feature = "tracing")]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}
