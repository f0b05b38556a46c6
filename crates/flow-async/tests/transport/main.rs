//! What the async transport makes of what happens on the wire.
#![expect(clippy::unwrap_used, reason = "a test reports by panicking")]

mod limits;
mod proxies;
mod secrets;
mod standstill;
mod support;
mod wire;
