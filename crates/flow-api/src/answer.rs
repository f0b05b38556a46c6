//! The body of a successful reply after it was decoded: kept only where `tracing` may ask for it.

/// What a decoded reply was read from.
pub(crate) struct Answer {
    #[cfg(feature = "tracing")]
    body: Vec<u8>,
}

impl Answer {
    #[cfg(feature = "tracing")]
    pub(crate) const fn new(body: Vec<u8>) -> Self {
        Self { body }
    }

    #[cfg(feature = "tracing")]
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    #[cfg(not(feature = "tracing"))]
    pub(crate) fn new(body: Vec<u8>) -> Self {
        drop(body);
        Self {}
    }
}
