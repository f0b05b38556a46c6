//! The server as clients see it: over real sockets.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy knows tests by their attribute; their helpers may fail like them"
)]

#[cfg(feature = "cli")]
mod binary;
mod chat;
mod endpoints;
mod faults;
mod life;
mod load;
mod rows;
mod script;
mod sse;
mod stream;
mod stream_faults;
mod stream_script;
mod wire;
