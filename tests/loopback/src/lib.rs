//! Servers on loopback that do to a connection what a test says.
//!
//! Bytes and resets, not HTTP: what a well-behaved server can do, `flow-sim` does better. The
//! [`scenarios`](scenarios::scenarios) are the table that both transports' tests run, so that
//! their errors cannot drift apart.
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::exhaustive_structs,
    clippy::exhaustive_enums,
    reason = "test support: a panic is how it reports, and nobody outside uses it"
)]

mod authority;
mod peer;
mod proxy;
pub mod scenarios;
mod server;

pub use crate::authority::Authority;
pub use crate::peer::{Peer, Seen, check_request};
pub use crate::proxy::proxy;
pub use crate::server::{Gate, Server, closed, deaf, reserved};
