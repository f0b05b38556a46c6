//! The raw bytes of an error reply, bounded.

use std::fmt;

/// The bytes of an error reply, at most [`Body::MAX`] of them.
///
/// `Debug` shows the size only: a service may echo the prompt.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Body {
    bytes: Box<[u8]>,
    is_cut: bool,
}

impl Body {
    /// The most bytes that are kept of an error body: 64 KiB.
    pub const MAX: usize = 64 * 1024;

    /// Keeps the first [`Body::MAX`] of `bytes`, and notes whether that was all.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        let mut bytes = bytes.into();
        let is_cut = bytes.len() > Self::MAX;
        bytes.truncate(Self::MAX);
        Self { bytes: bytes.into_boxed_slice(), is_cut }
    }

    /// Keeps `bytes` of a body that is known to have gone on, or to have broken off.
    #[must_use]
    pub fn cut(bytes: impl Into<Vec<u8>>) -> Self {
        Self { is_cut: true, ..Self::new(bytes) }
    }

    /// Returns the bytes that were kept.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns whether the body was longer than what was kept, or broke off.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = if self.is_cut { ", cut" } else { "" };
        write!(f, "<{} bytes{cut}>", self.bytes.len())
    }
}
