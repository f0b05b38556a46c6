//! What `tracing` is told of a call; without the feature, the same names that do nothing.
//!
//! Spans are opened and closed by [`Running`](crate::client::Running), so that both clients tell
//! the same. What is shown is listed in the crate's documentation; nothing else may be.

#[cfg(not(feature = "tracing"))]
mod silent;
#[cfg(feature = "tracing")]
mod spans;
#[cfg(feature = "tracing")]
mod told;

#[cfg(not(feature = "tracing"))]
pub(crate) use silent::Trace;
#[cfg(not(feature = "tracing"))]
pub use silent::WorkSpan;
#[cfg(feature = "tracing")]
pub(crate) use spans::Trace;
#[cfg(feature = "tracing")]
pub use spans::WorkSpan;
