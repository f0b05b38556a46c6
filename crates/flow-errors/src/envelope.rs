//! The JSON object that services wrap errors in, kept whole.

use serde_json::Value;

/// An error envelope: `{"error": {"message", "type", "code", "param"}}` or one of its dialects.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope(Value);

impl Envelope {
    /// Decodes an error body.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidEnvelope`] if `body` is not JSON.
    pub fn decode(body: &[u8]) -> Result<Self, InvalidEnvelope> {
        serde_json::from_slice(body).map(Self).map_err(InvalidEnvelope)
    }

    /// Returns the human-readable message.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.0.pointer("/error/message")?.as_str()
    }
}

/// The body is not an error envelope.
#[derive(Debug, thiserror::Error)]
#[error("body is not an error envelope")]
pub struct InvalidEnvelope(#[source] serde_json::Error);
