//! The server as clients see it: over real sockets.

#[cfg(feature = "cli")]
mod binary;
mod endpoints;
mod faults;
mod life;
mod rows;
mod script;
mod wire;
